"""The constant: 600 bytes of JSON from a plain route of Starlette on uvicorn, which is what a look-up costs without a look-up.

python benchmarks/serving_constant.py PORT
"""

import json
import sys

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

PATH = "/constant"
SIZE = 600
_FRAME = json.dumps({"constant": ""})
CONSTANT = json.dumps({"constant": "x" * (SIZE - len(_FRAME))}).encode()


async def constant(_: Request) -> Response:
    """Return the same to everybody."""
    return Response(CONSTANT, media_type="application/json")


app = Starlette(routes=[Route(PATH, constant)])

if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), loop="uvloop", http="httptools", log_level="warning", access_log=False)
