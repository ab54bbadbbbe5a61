"""The paper and the sizes: Decree 30/2020, Annex I, part I. Lengths are PDF points."""

MM = 72 / 25.4

WIDTH, HEIGHT = 210 * MM, 297 * MM
LEFT = 30 * MM  # 30-35 mm
RIGHT = WIDTH - 15 * MM  # 15-20 mm
BOTTOM = 20 * MM  # 20-25 mm
TOP = HEIGHT - 20 * MM  # 20-25 mm
TEXT_WIDTH = RIGHT - LEFT
TEXT_HEIGHT = TOP - BOTTOM

BODY = 14.0  # 13-14
LEADING = 18.0  # between single spacing (16.1 for 14 points) and 1.5 lines
INDENT = 12.7 * MM  # 10 or 12.7 mm
PARAGRAPH_GAP = 6.0  # at least 6
RULE = 0.6  # thickness of the lines under names and titles
SHORT_RULE = 0.4  # of the line of words above it: between a third and a half
