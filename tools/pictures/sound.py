"""Synthesises the one sound of the sample site, a fog signal, and writes it: no input, a file out.

Run ``python -m tools.pictures.sound`` from the top of the repository (needs Playwright, and a
Chromium, which encodes what was computed as Opus in MP4; that takes as long as the sound does).
"""

import base64
import io
import math
import shutil
import struct
import wave
from pathlib import Path

from playwright.sync_api import sync_playwright

FILE = Path(__file__).parents[2] / "sos/demo/uploads/2026/01/fog-signal.mp4"
RATE = 8000
"""Samples per second; one byte each. Enough for a horn, which has nothing above 3 kHz."""

TONES = ((0.15, 1.55, 185.0), (1.75, 2.95, 147.0))
"""Start and end in seconds, and pitch in hertz."""

LENGTH = 4.6
"""Seconds, with the echo from the hills."""


def sample(moment: float) -> float:
    """The signal, -1 to 1, and its echo a little later."""
    return 0.78 * _horn(moment) + 0.2 * _horn(moment - 0.62) + 0.08 * _horn(moment - 1.3)


def _horn(moment: float) -> float:
    for start, end, pitch in TONES:
        if start < moment < end + 0.25:
            swell = min(1.0, (moment - start) / 0.09)
            fade = max(0.0, 1 - max(0.0, moment - end) / 0.25)
            phase = math.tau * pitch * (moment - start)
            harmonics = sum(math.sin(k * phase) / k**1.15 for k in range(1, 9))
            return 0.55 * swell * fade * harmonics
    return 0.0


def main() -> None:
    """Write the file."""
    levels = (sample(i / RATE) for i in range(round(LENGTH * RATE)))
    data = b"".join(struct.pack("<h", round(32767 * max(-1, min(1, x)))) for x in levels)
    with io.BytesIO() as memory:
        with wave.open(memory, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(data)
        FILE.write_bytes(encode(memory.getvalue()))


def encode(wav: bytes) -> bytes:
    """Opus in MP4, as a browser records it."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=chromium, args=["--no-sandbox", QUIET])
        text = browser.new_page().evaluate(RECORD, base64.b64encode(wav).decode())
        browser.close()
    return base64.b64decode(text)


QUIET = "--autoplay-policy=no-user-gesture-required"

RECORD = """async (wav) => {
  const context = new AudioContext();
  const bytes = Uint8Array.from(atob(wav), (c) => c.charCodeAt(0));
  const sound = context.createBufferSource();
  sound.buffer = await context.decodeAudioData(bytes.buffer);
  const end = context.createMediaStreamDestination();
  sound.connect(end);
  const options = { mimeType: "audio/mp4;codecs=opus", audioBitsPerSecond: 40000 };
  const recorder = new MediaRecorder(end.stream, options);
  const parts = [];
  recorder.ondataavailable = (event) => parts.push(event.data);
  const stopped = new Promise((resolve) => (recorder.onstop = resolve));
  recorder.start();
  sound.start();
  sound.onended = () => recorder.stop();
  await stopped;
  const whole = new Uint8Array(await new Blob(parts).arrayBuffer());
  return btoa(Array.from(whole, (byte) => String.fromCharCode(byte)).join(""));
}"""


if __name__ == "__main__":
    main()
