# SPDX-FileCopyrightText: 2026 The Hearken authors
# SPDX-License-Identifier: MIT
"""The least a service can do, to compare with: a RESTX resource behind waitress that decodes the upload."""

from __future__ import annotations

import io
import socket

import soundfile
from flask import Flask, request
from flask_restx import Api, Resource
from waitress import serve


def main() -> None:
    """Serve until terminated; print one line when ready."""
    app = Flask("bare")
    api = Api(app)

    @api.route("/model/predict")
    class Predict(Resource):
        def post(self) -> dict[str, int]:
            samples, _rate_hz = soundfile.read(io.BytesIO(request.files["audio"].read()), dtype="float32")
            return {"samples": len(samples)}

    listening = socket.create_server(("127.0.0.1", 0))
    print(f"ready http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
    serve(app, sockets=[listening], threads=4)


if __name__ == "__main__":
    main()
