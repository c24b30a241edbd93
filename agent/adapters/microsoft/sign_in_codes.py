"""What to do about Entra ID's no to a person who signs in, by its codes.

Source: Microsoft's page of authentication and authorization error codes.
"""

SIGN_IN = {
    "AADSTS50020": "this account is not of this tenant: sign in with one that is",
    "AADSTS50057": "this account is disabled",
    "AADSTS50105": "this account has no role of the app: an administrator assigns one (Enterprise applications)",
    "AADSTS50126": "wrong name or password: sign in again",
    "AADSTS500011": "the app registration has no service principal in this tenant: check `escalation.client_id`",
    "AADSTS53000": "conditional access wants a managed device: sign in on one",
    "AADSTS53001": "conditional access wants a managed device: sign in on one",
    "AADSTS530003": "conditional access wants a managed device: sign in on one",
    "AADSTS65001": "nobody consented to the app: an administrator does (App registrations, API permissions)",
    "AADSTS65004": "you declined: sign in again",
    "AADSTS70043": "the sign-in is over by conditional access: sign in again",
    "AADSTS700016": "no such app in this tenant: check `escalation.client_id`",
    "AADSTS7000112": "the app is disabled in this tenant: enable it",
    "AADSTS90002": "no such tenant in this cloud: check `tenant.id` and `graph.cloud`",
    "AADSTS90009": "the app registration must be named by its client id: check `escalation.client_id`",
}
"""Whichever way they sign in."""

PAGES = SIGN_IN | {
    "AADSTS50011": "the app registration lacks the redirect URI: add `web.url` with `/sign-in/back`, of the platform Web",
    "AADSTS500112": "the app registration lacks the redirect URI: add `web.url` with `/sign-in/back`, of the platform Web",
    "AADSTS501481": "this does not fit the sign-in that was begun in this browser: sign in again",
    "AADSTS53003": "conditional access blocks this: sign in from a device and a place that it allows",
    "AADSTS530035": "security defaults block this: an administrator looks at the sign-in log",
    "AADSTS54005": "this sign-in was used already: sign in again",
    "AADSTS70000": "this sign-in was used already, or is over: sign in again",
    "AADSTS70008": "this took too long: sign in again",
    "AADSTS700025": "the redirect URI is not of the platform Web in the app registration: it needs the client secret",
    "AADSTS9002327": "the redirect URI is of the platform Single-page application: it has to be of the platform Web",
    "AADSTS7000215": "the client secret is wrong: set `web.client_secret` to its value, which is not its id",
    "AADSTS7000218": "the client secret is missing: set `web.client_secret`",
    "AADSTS7000222": "the client secret is over: make a new one, and set `web.client_secret`",
}
"""In a browser, by an authorization code."""
