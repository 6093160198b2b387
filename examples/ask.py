"""Ask the service for lists of some customers, as in ``python examples/ask.py 15889 20911``.

SANTANDER_URL is where it is (http://127.0.0.1:8000 unless set), SANTANDER_KEY a key with the scope 'read' where it has keys.
"""

import json
import os
import sys
import time
import urllib.error
import urllib.request

URL = os.environ.get("SANTANDER_URL", "http://127.0.0.1:8000")
KEY = os.environ.get("SANTANDER_KEY")


def lists_of(customer_ids: list[int], attempts: int = 5) -> dict:
    """Return the answer for up to 1,000 customers; a service that is busy is asked again after the seconds it names."""
    body = json.dumps({"customer_ids": customer_ids, "top": 3, "list": "offers"}).encode()
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {KEY}"} if KEY else {})
    request = urllib.request.Request(f"{URL}/v1/recommendations", body, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as refusal:
        if refusal.code != 503 or attempts == 1:
            raise SystemExit(f"{refusal.code}: {json.load(refusal)['message']}") from None
        time.sleep(float(refusal.headers.get("Retry-After", 1)))
        return lists_of(customer_ids, attempts - 1)
    except urllib.error.URLError as away:
        raise SystemExit(f"{URL}: {away.reason}") from None


for result in lists_of([int(word) for word in sys.argv[1:]])["results"]:
    print(result["customer_id"], *(item["name_en"] for item in result.get("recommendations", [])), sep=", ")
