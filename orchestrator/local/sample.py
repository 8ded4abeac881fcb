"""The demo's own task: a café's sales, and in round 2 its suppliers."""

import base64
import json
from typing import Any

_DAYS = ("2026-11-09", "2026-11-10", "2026-11-11", "2026-11-12", "2026-11-13", "2026-11-14")
_PRODUCTS = {"Espresso": 240, "Flat white": 360, "Filter coffee": 280, "Chai latte": 390}
_UNITS = (
    (52, 41, 33, 18),
    (47, 44, 29, 21),
    (61, 39, 35, 16),
    (58, 51, 31, 24),
    (66, 57, 38, 29),
    (83, 74, 45, 41),
)
_SUPPLIERS = [
    {"supplier": "Harbour Roasters", "delivers": "Coffee beans", "every": "Tuesday"},
    {"supplier": "Meadow Dairy", "delivers": "Milk and oat milk", "every": "Monday to Saturday"},
    {"supplier": "Old Mill Bakery", "delivers": "Croissants and rolls", "every": "Every morning"},
]


def sales() -> tuple[str, int, str]:
    """Return the CSV, its number of rows, and the revenue in all, as plain digits."""
    lines, cents = ["date,product,units,revenue"], 0
    for day, units in zip(_DAYS, _UNITS, strict=True):
        for (product, price), count in zip(_PRODUCTS.items(), units, strict=True):
            cents += price * count
            lines.append(f"{day},{product},{count},{price * count / 100:.2f}")
    return "\n".join([*lines, ""]), len(lines) - 1, f"{cents / 100:.2f}"


def request(seed: str, round_: int) -> dict[str, Any]:
    """Return the request of round 1 or 2, without secret and evaluation URL."""
    csv, rows, revenue = sales()
    shows_revenue = f'document.body.innerText.includes("{revenue}")'
    identity = {"email": "visitor@example.com", "task": f"cafe-sales-{seed}", "round": round_}
    if round_ == 1:
        return identity | {
            "nonce": f"{seed}-1",
            "brief": "Show last week's sales of our café, sales.csv, as a table that can be sorted by every column, "
            "with the totals of units and revenue below. It must be easy to read on a phone.",
            "checks": [
                {"js": "document.querySelectorAll('h1').length === 1"},
                {"js": f"document.querySelectorAll('table tbody tr').length >= {rows}"},
                {"js": shows_revenue},
                {"js": "document.documentElement.scrollWidth <= document.documentElement.clientWidth"},
            ],
            "attachments": [_attached("sales.csv", "text/csv", csv)],
        }
    return identity | {
        "nonce": f"{seed}-2",
        "brief": "Add our suppliers, suppliers.json, as a second table, and keep the sales as they are.",
        "checks": [
            {"js": "document.querySelectorAll('table').length >= 2"},
            {"js": f'document.body.innerText.includes("{_SUPPLIERS[0]["supplier"]}")'},
            {"js": shows_revenue},
            {"js": "fetch('suppliers.json').then(answer => answer.ok)"},
        ],
        "attachments": [_attached("suppliers.json", "application/json", json.dumps(_SUPPLIERS, indent=2))],
    }


def _attached(name: str, media_type: str, text: str) -> dict[str, str]:
    return {"name": name, "url": f"data:{media_type};base64,{base64.b64encode(text.encode()).decode()}"}
