"""Checks below HTTP: name, TCP, TLS."""

from __future__ import annotations

import socket
import ssl
import time

from genesis.validate.deployment import Deployment
from genesis.validate.results import Result, failed, ok, skipped, warning
from genesis.validate.transport import proxy

SECONDS = 15
FEW_DAYS = 14


def https(d: Deployment) -> Result:
    if d.scheme == "https":
        return ok("https", "The URL begins with https://.")
    if d.is_loopback:
        return ok("https", "Without TLS, which is fine on this machine's own address.")
    return failed(
        "https",
        f"{d.url} is not encrypted: whoever is on the way reads credentials and data. None was sent.",
        "Use the https:// URL; in Azure set httpsOnly, elsewhere put a proxy that speaks TLS in front.",
    )


def name(d: Deployment) -> Result:
    if through := proxy(d.scheme, d.host):
        return skipped("name", f"The proxy {through} looks it up.")
    try:
        return ok("name", f"{d.host} is {', '.join(d.addresses)}.")
    except OSError as error:
        return failed(
            "name",
            f"{d.host} is not known to DNS: {error.strerror or error}.",
            "Correct the URL. Where the app is reached by a private endpoint alone, run this inside its "
            "network, and look at the private DNS zone.",
        )


def connection(d: Deployment) -> Result:
    if through := proxy(d.scheme, d.host):
        return skipped("connection", f"Everything goes through the proxy {through}.")
    try:
        socket.create_connection((d.host, d.port), timeout=SECONDS).close()
    except OSError as error:
        return failed(
            "connection",
            f"Port {d.port} of {d.host} does not answer: {error.strerror or error}.",
            "See that the server runs, and that no firewall is in between (for a private endpoint: that "
            "this machine is in its network).",
        )
    return ok("connection", f"Port {d.port} answers.")


def certificate(d: Deployment) -> Result:
    if d.scheme != "https":
        return skipped("certificate", "There is no TLS here.")
    if through := proxy(d.scheme, d.host):
        return skipped("certificate", f"Everything goes through the proxy {through}.")
    try:
        with (
            socket.create_connection((d.host, d.port), timeout=SECONDS) as plain,
            d.context.wrap_socket(plain, server_hostname=d.host) as secure,
        ):
            return _validity(secure.version() or "TLS", str((secure.getpeercert() or {})["notAfter"]))
    except ssl.SSLCertVerificationError as error:
        return failed(
            "certificate",
            f"The certificate is not valid for {d.host}: {error.verify_message}.",
            "Install one of an authority that clients trust; for an authority of your own set "
            "REQUESTS_CA_BUNDLE to a file with its certificate, here and on clients.",
        )
    except OSError as error:
        return failed(
            "certificate",
            f"TLS with {d.host}:{d.port} cannot be agreed on: {getattr(error, 'reason', '') or error}.",
            "See that this port speaks TLS 1.2 or newer.",
        )


def _validity(version: str, until: str) -> Result:
    days = int((ssl.cert_time_to_seconds(until) - time.time()) // 86_400)
    detail = f"{version}; the certificate is valid for {days} more days (until {until})."
    if days < FEW_DAYS:
        return warning("certificate", detail, "Renew it; a managed certificate does so by itself.")
    return ok("certificate", detail)
