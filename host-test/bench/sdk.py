"""Prints how many seconds an output takes by orchestra-sdk 0.2.0: the median.

    python sdk.py 200    # of so many, to ORCHESTRA_WEBHOOK_URL
"""

import statistics
import sys
import time

from orchestra_sdk.orchestra import OrchestraSDK


def main(times):
    sdk = OrchestraSDK(api_key="a-key-for-loopback")
    seconds = []
    for row in range(times):
        began = time.perf_counter()
        if not sdk.set_output("row", row):
            sys.exit("sdk.py: an output was not acknowledged")
        seconds.append(time.perf_counter() - began)
    print(statistics.median(seconds))


if __name__ == "__main__":
    main(int(sys.argv[1]))
