"""Palettes of sites, as WordPress's own themes have them and as editors make them."""

from __future__ import annotations

from sos.content.site_styles import SiteStyles


def preset(slug: str) -> str:
    """A preset's colour, as styles name it."""
    return f"var(--wp--preset--color--{slug})"


BLACK_ON_WHITE = SiteStyles(
    colours={
        "base": "#FFFFFF",
        "contrast": "#111111",
        "accent-1": "#FFEE58",
        "accent-3": "#503AA8",
        "accent-6": "color-mix(in srgb, currentColor 20%, transparent)",
    },
    font_sizes={"small": "0.875rem", "large": "clamp(1.125rem, 5vw, 1.375rem)"},
    spacing={"20": "10px"},
    background=preset("base"),
    text=preset("contrast"),
    link="currentColor",
    button_background=preset("contrast"),
    button_text=preset("base"),
)
"""Twenty Twenty-Five's, shortened."""

HARBOUR = SiteStyles(
    colours={"base": "#f4efe6", "contrast": "#1b2a41", "primary": "#a4243b", "sand": "#e3d5b8"},
    gradients={
        "dawn": "linear-gradient(135deg, var(--wp--preset--color--sand) 0%, #ffffff 100%)",
        "night": "linear-gradient(135deg,rgb(2,3,40) 0%,#1b2a41 100%)",
        "both": "linear-gradient(135deg,#000 0%,#fff 100%)",
    },
    shadows={"soft": "0 2px 8px rgba(0, 0, 0, 0.2)"},
    background=preset("base"),
    text=preset("contrast"),
    link=preset("primary"),
)
"""A light page in colours of its own."""

NIGHT = SiteStyles(
    colours={"base": "#101820", "contrast": "#f5f1e8", "primary": "#ffd166", "deep": "#073b4c"},
    background=preset("base"),
    text=preset("contrast"),
    link=preset("primary"),
)
"""A dark page, whatever its readers prefer."""

CLASSIC = SiteStyles(colours={"primary": "#0b6e4f", "yellow": "#eeeadd", "black": "#000000"})
"""A theme without a theme.json that has a palette for its editor."""
