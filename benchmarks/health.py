"""What camera health finds in clips with known faults, how soon, and what a picture costs; ffmpeg's opinion beside it.

python -m benchmarks.health [--cameras 4] [--day]
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
import re
import shutil
import subprocess
from time import perf_counter, thread_time
from typing import Final

from PIL import Image

from custom_components.rutan_blora.cctv.health import Health, judge
from custom_components.rutan_blora.cctv.picture import Condition
from custom_components.rutan_blora.cctv.sample import Sample, measure
from custom_components.rutan_blora.cctv.verify import check
from demo.scenes import CLIPS, HD, WHOLE_DAY, Clip, Fault, jpeg, picture

from .figures import Figures, Goal, summary, table

INTERVAL: Final = 5.0
SIZE: Final = (640, 360)
# The thresholds were chosen on cameras 1 to 12; the ones here were never looked at before.
_FIRST: Final = 21
_BEGIN: Final = datetime(2026, 3, 2, 1, tzinfo=UTC)
# What each fault should be called; a turn by 5 px is asked of nobody.
TRUTH: Final = {
    Fault.COVERED_60: Condition.COVERED,
    Fault.COVERED: Condition.COVERED,
    Fault.SPRAYED: Condition.BLURRED,
    Fault.TURNED_5: Condition.OK,
    Fault.TURNED_60: Condition.MOVED,
    Fault.TURNED_300: Condition.MOVED,
    Fault.FROZEN_CLOCK: Condition.FROZEN,
    Fault.FROZEN: Condition.FROZEN,
    Fault.BLACK: Condition.DARK,
    Fault.WHITE: Condition.BRIGHT,
}
# Seconds until a condition must be known.
PROMISED: Final = {
    Condition.OK: 30.0,
    Condition.FROZEN: 30.0,
    Condition.COVERED: 30.0,
    Condition.DARK: 30.0,
    Condition.BRIGHT: 30.0,
    Condition.BLURRED: 60.0,
    Condition.MOVED: 60.0,
}


@dataclass(kw_only=True, slots=True)
class Score:
    """What was said of a clip: the worst delay (s), None if a camera's fault was never found, and all samples."""

    clip: str
    truth: Condition
    found: int = 0
    cameras: int = 0
    delays: list[float | None] = field(default_factory=list)
    # Samples by (what was so, what was said); `settled` leaves out the time that was promised.
    said: Counter[tuple[Condition, Condition]] = field(default_factory=Counter)
    settled: Counter[tuple[Condition, Condition]] = field(default_factory=Counter)
    notices: int = 0
    oracle: str = ""


def run_clip(clip: Clip, cameras: Iterable[int], *, size: tuple[int, int] = SIZE) -> Score:
    """Let some cameras see a clip."""
    truth = TRUTH[clip.fault] if clip.fault else Condition.OK
    score = Score(clip=clip.name, truth=truth)
    for camera in cameras:
        _watch(clip, camera, score, size)
    return score


def _watch(clip: Clip, camera: int, score: Score, size: tuple[int, int]) -> None:
    """Let a camera see a clip and score what is said of each sample."""
    health, delay, before = Health(), None, Condition.OK
    second = INTERVAL * (0.1 + camera * 0.27 % 1)
    while second < clip.seconds:
        health = judge(
            health,
            _sample(clip.frame(camera, second, size=size)),
            _BEGIN + timedelta(seconds=second),
        )
        fault = clip.fault_at(second)
        so, said = TRUTH[fault] if fault else Condition.OK, health.condition
        score.said[so, said] += 1
        since = second - (clip.begins if fault else clip.ends if second >= clip.ends > 0 else -PROMISED[so])
        if since >= PROMISED[so]:
            score.settled[so, said] += 1
        if fault and said is so and delay is None:
            delay = since
        is_false = said not in (so, score.truth, Condition.OK)
        score.notices += is_false and said is not before
        second, before = second + INTERVAL, said
    score.cameras += 1
    score.found += delay is not None
    score.delays.append(delay)


# --- an independent opinion ---


def ask_ffmpeg(clip: Clip, camera: int) -> str:
    """Return what ffmpeg's own detectors say of a clip: frozen and black seconds, how much blurrier it got."""
    if shutil.which("ffmpeg") is None:
        return "no ffmpeg"
    seconds = [INTERVAL * number for number in range(int(clip.seconds / INTERVAL))]
    frames = b"".join(clip.frame(camera, second, size=SIZE) for second in seconds)
    detectors = "freezedetect=n=0.001:d=20,blackdetect=d=15:pic_th=0.94:pix_th=0.1,blurdetect,metadata=print"
    command = ["ffmpeg", "-hide_banner", "-nostats", "-f", "image2pipe", "-c:v", "mjpeg"]
    command += ["-framerate", f"1/{INTERVAL:g}", "-i", "-", "-vf", detectors, "-f", "null", "-"]
    done = subprocess.run(command, input=frames, capture_output=True, check=True)  # noqa: S603  # of our own words
    return _opinion(done.stderr.decode(errors="replace"), [clip.fault_at(second) is not None for second in seconds])


def _opinion(log: str, is_wrong: Sequence[bool]) -> str:
    """Return a log of ffmpeg in a few words."""
    words = []
    starts = re.findall(r"freezedetect\.freeze_start: ([\d.]+)", log)
    if starts:
        words.append(f"frozen from {', '.join(sorted({f'{float(start):.0f}' for start in starts}))} s")
    if black := re.findall(r"black_start:([\d.]+)", log):
        words.append(f"black from {float(black[0]):.0f} s")
    blurs = [float(blur) for blur in re.findall(r"lavfi\.blur=([\d.]+)", log)]
    wrong = [blur for blur, is_so in zip(blurs, is_wrong, strict=False) if is_so]
    right = [blur for blur, is_so in zip(blurs, is_wrong, strict=False) if not is_so]
    if wrong and right:
        words.append(f"blur {sum(wrong) / len(wrong) / (sum(right) / len(right)):.2f} of before")
    return ", ".join(words)


# --- what it costs ---


def _small(data: bytes) -> Image.Image:
    """Return a picture as it is shrunk when it is checked."""
    small = check(data, _BEGIN).small
    assert small is not None  # noqa: S101  # it was decoded
    return small


def _sample(data: bytes) -> Sample:
    return measure(_small(data))


def measure_cost(cameras: Sequence[int], rounds: int = 30) -> list[Figures]:
    """Return what a 720p picture of each camera costs, by day and by night."""
    return [_cost(camera, rounds, night=night) for camera in cameras for night in (False, True)]


def _cost(camera: int, rounds: int, *, night: bool) -> Figures:
    """Return what measuring and judging a picture costs once the camera is known."""
    pictures = [jpeg(camera, picture(camera, 60.0 + INTERVAL * n, night=night, size=HD)) for n in range(16)]
    health = Health()
    shrunk = [_small(each) for each in pictures]
    for number, each in enumerate(shrunk):
        health = judge(health, measure(each), _BEGIN + timedelta(seconds=INTERVAL * number))
    measuring, judging, both, arrival = [], [], [], []
    for number in range(rounds * len(pictures)):
        at = _BEGIN + timedelta(seconds=100 + INTERVAL * number)
        begin, busy = perf_counter(), thread_time()
        sample = measure(shrunk[number % len(pictures)])
        between = perf_counter()
        health = judge(health, sample, at)
        both.append(thread_time() - busy)
        measuring.append(between - begin)
        judging.append(perf_counter() - between)
        busy = thread_time()
        check(pictures[number % len(pictures)], at)
        arrival.append(thread_time() - busy)
    size = sum(map(len, pictures)) // len(pictures) // 1000
    return {
        "camera": camera,
        "night": night,
        "kilobytes": size,
        "measure": summary(measuring),
        "judge": summary(judging),
        "cpu": summary(both),
        "arrival": summary(arrival),
    }


# --- all of it ---


def measure_health(cameras: Sequence[int], clips: Sequence[Clip] = CLIPS) -> tuple[list[Score], list[Figures]]:
    """Return the scores of all clips, and what a picture costs."""
    cost = measure_cost(cameras)
    scores = []
    for clip in clips:
        score = run_clip(clip, cameras)
        if clip.seconds <= 1000:
            score.oracle = ask_ffmpeg(clip, cameras[0])
        scores.append(score)
    return scores, cost


def clip_table(scores: Iterable[Score]) -> str:
    """Return what was found in each clip."""
    rows = []
    for score in scores:
        delays = [delay for delay in score.delays if delay is not None]
        is_fault = score.truth is not Condition.OK
        rows.append(
            (
                score.clip,
                score.truth,
                f"{score.found} of {score.cameras}" if is_fault else "–",
                f"{min(delays):.0f}–{max(delays):.0f}" if is_fault and delays else "–",
                sum(count for (so, said), count in score.settled.items() if said is not so),
                score.notices,
                score.oracle or "–",
            )
        )
    head = ("clip", "is", "found", "delay s", "wrong samples", "false notices", "ffmpeg, first camera")
    return table(head, rows)


def condition_table(scores: Iterable[Score]) -> str:
    """Return precision and recall of each condition: over all samples, and without the promised time."""
    said: Counter[tuple[Condition, Condition]] = Counter()
    settled: Counter[tuple[Condition, Condition]] = Counter()
    for score in scores:
        said.update(score.said)
        settled.update(score.settled)
    rows = [
        (
            condition,
            sum(count for (so, _), count in said.items() if so is condition),
            *_rates(said, condition),
            *_rates(settled, condition),
        )
        for condition in PROMISED
    ]
    head = ("condition", "samples", "precision", "recall", "precision, settled", "recall, settled")
    return table(head, rows)


def _rates(samples: Counter[tuple[Condition, Condition]], condition: Condition) -> tuple[float | None, float | None]:
    """Return precision and recall of a condition."""
    right = samples[condition, condition]
    said = sum(count for (_, name), count in samples.items() if name is condition)
    so = sum(count for (name, _), count in samples.items() if name is condition)
    return (right / said if said else None), (right / so if so else None)


def cost_table(cost: Iterable[Figures]) -> str:
    """Return what a picture costs."""
    rows = [
        (
            f"{each['camera']}, {'night' if each['night'] else 'day'}",
            each["kilobytes"],
            each["measure"]["p50_ms"],
            each["judge"]["p50_ms"],
            each["cpu"]["p50_ms"],
            each["arrival"]["p50_ms"],
        )
        for each in cost
    ]
    return table(
        ("camera", "kB", "measure p50 ms", "judge p50 ms", "both, CPU p50 ms", "arrival: checked, shrunk, CPU p50 ms"),
        rows,
    )


def health_goals(scores: Iterable[Score], cost: Sequence[Figures]) -> list[Goal]:
    """Return what was wanted and what came of it."""
    scores = list(scores)
    goals = []
    for condition, promised in PROMISED.items():
        delays = [delay for score in scores if score.truth is condition for delay in score.delays]
        if condition is not Condition.OK and delays:
            worst = None if None in delays else max(delay for delay in delays if delay is not None)
            goals.append(Goal(name=f"{condition} is known", limit=promised, measured=worst, unit="s"))
    notices = float(sum(score.notices for score in scores))
    costs = sorted(each["cpu"]["p50_ms"] for each in cost)
    goals.append(Goal(name="false notices", limit=0, measured=notices, unit=""))
    goals.append(Goal(name="a 720p picture, CPU", limit=1.4, measured=costs[len(costs) // 2], unit="ms"))
    return goals


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.health", description=__doc__)
    parser.add_argument("--cameras", type=int, default=4, help="cameras, each with surroundings of its own (4)")
    parser.add_argument("--day", action="store_true", help="a whole day of each camera instead of the clips")
    arguments = parser.parse_args()
    cameras = range(_FIRST, _FIRST + arguments.cameras)
    scores, cost = measure_health(cameras, (WHOLE_DAY,) if arguments.day else CLIPS)
    goals = [
        (goal.name, f"≤ {goal.limit:g} {goal.unit}", goal.measured, "yes" if goal.is_met else "**no**")
        for goal in health_goals(scores, cost)
    ]
    wanted = table(("goal", "wanted", "measured", "met"), goals)
    print("\n\n".join([wanted, condition_table(scores), clip_table(scores), cost_table(cost)]))


if __name__ == "__main__":
    main()
