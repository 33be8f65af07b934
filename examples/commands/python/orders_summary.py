"""Prints the sum of the orders of each region, in cents, from the file that is named, or from orders.csv."""

import csv
import sys
from collections import Counter

from wit_world import exports


class Run(exports.Run):
    def run(self) -> None:
        try:
            print_summary(sys.argv[1] if len(sys.argv) > 1 else "orders.csv")
        except Exception as error:
            # Uncaught it would be a trap, which nobody can report.
            sys.exit(str(error))


def print_summary(file: str) -> None:
    with open(file, newline="") as text:
        _header, *rows = csv.reader(text)
    by_region: Counter[str] = Counter()
    for line, row in enumerate(rows, start=2):
        if len(row) != 3:
            raise ValueError(f"{file}, line {line}: expected order,region,amount")
        _order, region, amount = row
        if not amount.isdecimal():
            raise ValueError(f'{file}, line {line}: amount "{amount}" is not a number')
        by_region[region] += int(amount)
    for region, sum in sorted(by_region.items()):
        print(f"{region}: {sum}")
