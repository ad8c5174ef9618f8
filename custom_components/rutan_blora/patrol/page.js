(() => {
  "use strict";
  const KEEP = ["name", "rank", "nrp", "unit"];
  const TYPED = [...KEEP, "personnel", "vehicle", "situation", "note"];
  const PAUSE = 15000;
  const SOON = 60;
  const words = document.body.dataset;
  const pins = {};
  let photo = null, dirty = false, busy = false, now = null;

  const load = (key, none) => {
    try { return JSON.parse(localStorage.getItem("rutan_blora." + key)) ?? none; } catch { return none; }
  };
  const save = (key, value) => {
    try {
      if (value === null) localStorage.removeItem("rutan_blora." + key);
      else localStorage.setItem("rutan_blora." + key, JSON.stringify(value));
      return true;
    } catch { return false; }
  };
  const $ = (selector) => document.querySelector(selector);
  const form = () => $("form.visit");
  const read = (f) => Object.fromEntries(TYPED.map((n) => [n, f.elements[n].value]));
  const write = (f, texts) => TYPED.forEach((n) => { if (texts[n]) f.elements[n].value = texts[n]; });
  const say = (text, kind) => {
    $(".said")?.remove();
    const p = document.createElement("p");
    p.className = "box said " + kind;
    p.setAttribute("role", "alert");
    p.textContent = text;
    $("main").prepend(p);
    p.scrollIntoView({ block: "nearest" });
  };

  // The phone's clock may be wrong: time is counted on from when the form was issued by the house's.
  const stamp = (ticket) => parseInt(ticket.split(".")[0], 16) + Date.now() - opened;
  const opened = Date.now();

  const shrink = async (file) => {
    try {
      const image = await createImageBitmap(file, { imageOrientation: "from-image" });
      const scale = Math.min(1, 1280 / Math.max(image.width, image.height));
      const canvas = document.createElement("canvas");
      canvas.width = Math.round(image.width * scale);
      canvas.height = Math.round(image.height * scale);
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      return await new Promise((done) => canvas.toBlob((blob) => done(blob ?? file), "image/jpeg", 0.8));
    } catch { return file; }
  };
  const toText = (blob) => new Promise((done) => {
    const reader = new FileReader();
    reader.onload = () => done(reader.result);
    reader.onerror = () => done(null);
    reader.readAsDataURL(blob);
  });
  const toBlob = (text) => {
    const [head, data] = text.split(",");
    const bytes = Uint8Array.from(atob(data), (char) => char.charCodeAt(0));
    return new Blob([bytes], { type: head.slice(5).split(";")[0] });
  };

  // A report is kept under its ticket until the house has answered it; its PIN never leaves the memory of the page.
  const kept = () => load("kept", []);
  const others = (ticket) => kept().filter((one) => one.ticket !== ticket);
  const drop = (ticket) => save("kept", others(ticket).length ? others(ticket) : null);
  const keep = async (report, picture) => {
    const bare = { ...report, photo: null };
    const whole = picture ? { ...report, photo: await toText(picture) } : bare;
    if (save("kept", [...others(report.ticket), whole])) return "whole";
    return save("kept", [...others(report.ticket), bare]) && "bare";
  };

  const post = async (report, pin, picture) => {
    const data = new FormData();
    data.set("ticket", report.ticket);
    data.set("at", report.late ? report.at : "");
    TYPED.forEach((n) => data.set(n, report.texts[n] ?? ""));
    data.set("pin", pin);
    if (picture) data.set("photo", picture, "photo.jpg");
    const stop = new AbortController();
    const timer = setTimeout(() => stop.abort(), 90000);
    try {
      const response = await fetch(report.url, { method: "POST", body: data, signal: stop.signal, credentials: "omit" });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const main = page.querySelector("main[data-state]");
      // What takes longer than a reload is said to who waits.
      const isSoon = main?.dataset.state === "wait" && Number(response.headers.get("Retry-After")) <= SOON;
      return isSoon ? null : main;
    } catch { return null; } finally { clearTimeout(timer); }
  };

  const show = (main, url) => {
    $("main").replaceWith(document.adoptNode(main));
    // It may be of another address than the page.
    document.querySelectorAll("form").forEach((f) => { f.action = url; });
    if (photo && form()) $(".photo").textContent = words.photo;
    dirty = false;
    start();
    scrollTo(0, 0);
  };

  const answered = (report, main) => {
    drop(report.ticket);
    delete pins[report.ticket];
    now = null;
    if (main.dataset.state === "done") {
      save("me", Object.fromEntries(KEEP.map((n) => [n, report.texts[n]])));
      save("draft", null);
      photo = null;
    } else save("draft", report.texts);
    show(main, report.url);
  };

  const waiting = (report, how) => {
    now = report;
    const main = document.createElement("main");
    main.dataset.state = "kept";
    $("main").replaceWith(main);
    const time = new Date(report.at).toLocaleTimeString(document.documentElement.lang, { timeStyle: "short" });
    say(words[how].replace("{time}", time), "");
    const again = document.createElement("button");
    again.textContent = words.again;
    again.onclick = () => flush(true);
    main.append(again);
    dirty = false;
  };

  const submit = async (event) => {
    event.preventDefault();
    if (busy || !event.target.elements.ticket.value) return;
    const f = event.target, e = f.elements, button = f.querySelector("button");
    const late = e.at.value !== "";
    const report = {
      url: f.action, ticket: e.ticket.value, texts: read(f), late,
      at: late ? +e.at.value : stamp(e.ticket.value), pin: e.pin.value !== "",
    };
    busy = button.disabled = true;
    button.textContent = words.sending;
    const pin = e.pin.value, picture = photo ?? e.photo.files[0] ?? null;
    const main = await post(report, pin, picture);
    busy = false;
    if (main) return answered(report, main);
    report.late = true;
    pins[report.ticket] = pin;
    const how = await keep(report, picture);
    if (how) {
      save("draft", null);
      return waiting(report, how === "whole" ? "kept" : "bare");
    }
    button.disabled = false;
    button.textContent = words.again;
    say(words.lost, "bad");
  };

  const flush = async (asked) => {
    if (busy || dirty || navigator.onLine === false) return;
    const report = kept().find((one) => !one.pin || pins[one.ticket] !== undefined) ?? kept()[0];
    if (!report) return;
    if (report.pin && pins[report.ticket] === undefined) return form() && !now && !asked ? ask(report) : undefined;
    busy = true;
    const main = await post(report, pins[report.ticket] ?? "", report.photo ? toBlob(report.photo) : null);
    busy = false;
    if (main && !dirty) answered(report, main);
    else if (main && main.dataset.state === "done") {
      drop(report.ticket);
      say(words.sent, "good");
    }
  };

  // A report whose PIN was forgotten with the page is put into the form again.
  const ask = (report) => {
    const f = form();
    write(f, report.texts);
    f.action = report.url;
    f.elements.ticket.value = report.ticket;
    f.elements.at.value = report.at;
    photo = report.photo ? toBlob(report.photo) : null;
    dirty = true;
    say(words.ask, "");
    f.elements.pin.focus();
  };

  const start = () => {
    const f = form(), forget = $(".forget");
    if (forget) {
      forget.hidden = false;
      forget.onclick = (event) => {
        event.preventDefault();
        save("me", null);
        save("draft", null);
        KEEP.forEach((n) => { if (f) f.elements[n].value = ""; });
        say(words.forgotten, "good");
      };
    }
    if (!f) return;
    if (!TYPED.some((n) => f.elements[n].value)) write(f, load("draft") ?? load("me", {}));
    f.oninput = () => { dirty = true; save("draft", read(f)); };
    f.elements.photo.onchange = async (event) => {
      const [file] = event.target.files;
      photo = file ? await shrink(file) : null;
      if (photo) $(".photo").textContent = Math.ceil(photo.size / 1024) + " kB";
    };
    f.onsubmit = submit;
  };

  start();
  flush();
  setInterval(flush, PAUSE);
  addEventListener("online", () => flush());
})();
