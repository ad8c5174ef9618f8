# Home Assistant answers `import voluptuous` with probatio at run time; the types say the same.
from probatio import *
