#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Draws the last screen that a full-screen program wrote as SVG.

draw-terminal.py COLUMNS <OUTPUT >PICTURE. It knows what rssctl top writes: a screen begins with
"cursor home", colours are SGR sequences, and each line ends with "erase to the end".
"""
import html
import re
import sys

CELL_WIDTH, CELL_HEIGHT, MARGIN = 8.4, 19, 14
COLOURS = {"31": "#ff6b68", "32": "#5fd38d", "33": "#f0c674", "36": "#6fc3df", "2": "#8a9199"}


def last_screen(output):
    screen = output.split("\x1b[?1049l")[0].split("\x1b[H")[-1]
    return re.sub(r"\x1b\[[0-9;?]*[KJhl]", "", screen).rstrip("\n").split("\n")


def spans(line):
    """Yields (column, text, colour, bold) for each run of equal attributes."""
    column, colour, bold = 0, "#d8dee9", False
    for part in re.split(r"(\x1b\[[0-9;]*m)", line):
        if part.startswith("\x1b["):
            codes = part[2:-1].split(";")
            bold = "1" in codes
            colour = next((COLOURS[c] for c in codes if c in COLOURS), "#ffffff" if bold else "#d8dee9")
        elif part:
            yield column, part, colour, bold
            column += len(part)


def draw(lines, columns):
    width, height = columns * CELL_WIDTH + 2 * MARGIN, len(lines) * CELL_HEIGHT + 2 * MARGIN
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" '
          f'font-family="DejaVu Sans Mono, Menlo, Consolas, monospace" font-size="14">')
    print('<rect width="100%" height="100%" rx="8" fill="#1d2330"/>')
    for row, line in enumerate(lines):
        for column, text, colour, bold in spans(line):
            if not text.strip():
                continue
            start = column + len(text) - len(text.lstrip())
            text = text.strip()
            weight = " font-weight='bold'" if bold else ""
            print(f'<text x="{MARGIN + start * CELL_WIDTH:.1f}" y="{MARGIN + (row + 0.75) * CELL_HEIGHT:.1f}" '
                  f'fill="{colour}"{weight} xml:space="preserve" '
                  f'textLength="{len(text) * CELL_WIDTH:.1f}">{html.escape(text)}</text>')
    print("</svg>")


draw(last_screen(sys.stdin.read()), int(sys.argv[1]))
