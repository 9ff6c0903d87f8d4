"""espeak-ng: text to phonemes, numbers read out on the way; its library by the wheel espeakng-loader."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Sequence
from functools import partial

PACKAGE, LICENCE = "espeakng-loader", "GPL-3.0 (espeak-ng)"
RETRIEVAL, UTF8, PHONEMES_IPA = 1, 1, 2


def reading(voice: str) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return text to phonemes: it has no way to stop after the numbers."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    if library.espeak_Initialize(RETRIEVAL, 0, espeakng_loader.get_data_path().encode(), 0) <= 0:
        msg = "espeak-ng does not start"
        raise OSError(msg)
    if library.espeak_SetVoiceByName(voice.encode()):
        msg = f"espeak-ng has no voice {voice}"
        raise OSError(msg)
    convert = library.espeak_TextToPhonemes
    convert.restype = ctypes.c_char_p
    convert.argtypes = [ctypes.POINTER(ctypes.c_char_p), ctypes.c_int, ctypes.c_int]

    def one(text: str) -> str:
        rest = ctypes.c_char_p(text.encode())
        parts = []
        while rest.value:  # a clause at a time
            parts.append((convert(ctypes.byref(rest), UTF8, PHONEMES_IPA) or b"").decode("utf-8", "replace"))
        return " ".join(parts)

    return lambda texts: [one(text) for text in texts]


TASKS = {"lt": partial(reading, "lt"), "en": partial(reading, "en-us")}
