"""The authorization code: looked up or asked for, and never in our way again."""

import sys
import types

import pytest

from pdsfz_xl import secret
from pdsfz_xl.errors import OperatorError

USER = "fzb@126.com"


@pytest.fixture
def store(monkeypatch):
    """A store of passwords in place of the system's."""
    kept: dict[tuple[str, str], str] = {}
    errors = types.ModuleType("keyring.errors")
    errors.KeyringError = type("KeyringError", (Exception,), {})
    fake = types.ModuleType("keyring")
    fake.errors = errors
    fake.get_password = lambda service, user: kept.get((service, user))
    fake.set_password = lambda service, user, code: kept.update({(service, user): code})
    monkeypatch.setitem(sys.modules, "keyring", fake)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    monkeypatch.delenv(secret.VARIABLE, raising=False)
    return fake


def test_the_environment_comes_first(monkeypatch, store):
    store.set_password("pdsfz-xl", USER, "stored")
    monkeypatch.setenv(secret.VARIABLE, " code ")
    assert secret.password(USER, None) == "code"


@pytest.mark.usefixtures("store")
def test_then_the_systems_store():
    assert secret.remember(USER, "stored")
    assert secret.password(USER, lambda _: pytest.fail("asked")) == "stored"


@pytest.mark.usefixtures("store")
def test_else_whoever_sits_there_is_asked():
    assert secret.password(USER, lambda user: f"{user}'s") == "fzb@126.com's"


def test_no_store_is_no_error(monkeypatch):
    monkeypatch.delenv(secret.VARIABLE, raising=False)
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert not secret.remember(USER, "x")
    assert secret.password(USER, lambda _: "typed") == "typed"


def test_a_store_that_does_not_work_is_no_error(store):
    def fail(*_):
        raise store.errors.KeyringError("locked")

    store.get_password = store.set_password = fail
    assert not secret.remember(USER, "x")
    assert secret.password(USER, lambda _: "typed") == "typed"


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("ask", [None, lambda _: " "])
def test_without_a_code_it_is_said_where_it_can_stand(ask):
    with pytest.raises(OperatorError, match=secret.VARIABLE):
        secret.password(USER, ask)
