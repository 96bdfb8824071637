"""pysaml2 as an identity provider for a test: signs everybody in as ada.

Usage: idp.py DIR, where DIR holds idp.key, idp.pem, sp.xml and options.json.
Prints the port it listens on. The options are read anew for each sign-in.
"""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import saml2.entity
import saml2.sigver
from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT
from saml2.config import IdPConfig
from saml2.metadata import entity_descriptor
from saml2.saml import NAME_FORMAT_URI, NAMEID_FORMAT_PERSISTENT, NameID
from saml2.server import Server
from saml2.sigver import pre_encryption_part, verify_redirect_signature

DIR = sys.argv[1]
ADA = {"uid": "ada", "mail": "ada@acme.example", "givenName": "Ada", "sn": "Müller-Łukasiewicz"}


def config(base):
    return {
        "entityid": base + "/idp",
        "key_file": os.path.join(DIR, "idp.key"),
        "cert_file": os.path.join(DIR, "idp.pem"),
        "xmlsec_binary": "/usr/bin/xmlsec1",
        "metadata": {"local": [os.path.join(DIR, "sp.xml")]},
        "service": {
            "idp": {
                "endpoints": {
                    "single_sign_on_service": [
                        (base + "/sso", BINDING_HTTP_REDIRECT),
                        (base + "/sso", BINDING_HTTP_POST),
                    ]
                },
                "name_id_format": [NAMEID_FORMAT_PERSISTENT],
                "policy": {"default": {"lifetime": {"minutes": 15}, "name_form": NAME_FORMAT_URI}},
                "signing_algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
                "digest_algorithm": "http://www.w3.org/2001/04/xmlenc#sha256",
            }
        },
    }


def options():
    with open(os.path.join(DIR, "options.json"), encoding="utf-8") as file:
        return json.load(file)


def encrypt_with(algorithm):
    """Chooses the cipher. Version 7.0 has no way to, and triple DES by default."""
    size = "des-192" if "tripledes" in algorithm else "aes-128" if "aes128" in algorithm else "aes-256"

    def template(**kw):
        return pre_encryption_part(msg_enc=algorithm, **kw)

    def encrypt(context, statement, enc_key, template, key_type="", node_xpath=None):
        return context.crypto.encrypt_assertion(statement, enc_key, template, size, node_xpath)

    saml2.entity.pre_encryption_part = template
    saml2.sigver.SecurityContext.encrypt_assertion = encrypt


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        base = "http://127.0.0.1:%d" % self.server.server_port
        settings = IdPConfig().load(config(base))
        if url.path == "/metadata":
            self.reply("text/xml", str(entity_descriptor(settings)))
            return
        idp = Server(config=settings)
        if url.path == "/sso":
            message = idp.parse_authn_request(query["SAMLRequest"], BINDING_HTTP_REDIRECT).message
            if options()["signed_request"] and not self.signed(idp, query, message.issuer.text.strip()):
                self.send_error(403, "the request is not signed")
                return
            where = idp.response_args(message)
            where = {name: where[name] for name in ("in_response_to", "destination", "sp_entity_id")}
        else:
            where = {"in_response_to": None, "sp_entity_id": query["sp"], "destination": query["acs"]}
        asked = options()
        if asked["encryption"]:
            encrypt_with(asked["encryption"])
        response = idp.create_authn_response(
            identity=ADA,
            name_id=NameID(format=NAMEID_FORMAT_PERSISTENT, text="ada"),
            userid="ada",
            authn={"class_ref": "urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "authn_auth": base},
            sign_response=asked["sign_response"],
            sign_assertion=asked["sign_assertion"],
            encrypt_assertion=asked["encryption"] != "",
            encrypt_assertion_self_contained=True,
            encrypted_advice_attributes=False,
            sign_alg="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            digest_alg="http://www.w3.org/2001/04/xmlenc#sha256",
            **where
        )
        page = idp.apply_binding(BINDING_HTTP_POST, "%s" % response, where["destination"], query.get("RelayState", ""), response=True)
        self.reply("text/html", page["data"])

    def signed(self, idp, query, issuer):
        """Version 7.0 has this check and leaves it to its user to call it."""
        if "Signature" not in query:
            return False
        certs = idp.metadata.certs(issuer, "any", "signing")
        return any(verify_redirect_signature(query, idp.sec.sec_backend, cert) for cert in certs)

    def reply(self, kind, text):
        if isinstance(text, list):
            text = "".join(text)
        body = text.encode("utf-8")
        self.send_response(200)
        self.send_header("Content-Type", kind + "; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


server = HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
