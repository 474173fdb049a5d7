"""First words with a server, and how each call behaves; the real one where it can be, a small one where it must lie."""

import pytest
from support.faulty_proxy import Does, Fault, FaultyProxy
from support.label_studio import LabelStudio
from support.replies import answering

from affectory.annotation.client.errors import Silent, Uncertain
from affectory.annotation.client.server import Server
from affectory.schemas.errors import UserError

real = pytest.mark.xdist_group("label-studio")
TOKEN = "0123456789abcdef" * 2


def refused(url: str, token: str = TOKEN) -> str:
    """What somebody reads whom nobody lets in: one sentence, a hint, and never the token."""
    with pytest.raises(UserError) as error:
        Server.at(url, token)
    assert error.value.message.endswith(".")
    assert error.value.message.count(". ") == 0
    assert error.value.hint
    assert token not in str(error.value)
    return error.value.message.replace(url, "URL")


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, "<html>hello</html>", "What answers at URL is no Label Studio."),
        (404, "no", "What answers at URL is no Label Studio."),
        (200, {"release": "3.1"}, "What answers at URL is no Label Studio."),
        (200, [1], "What answers at URL is no Label Studio."),
        (
            200,
            {"release": "1.22.1", "label-studio-os-package": {}},
            "Label Studio at URL is of version 1.22.1; 1.23 or newer is needed.",
        ),
    ],
)
def test_another_server_or_an_old_one_is_told_in_a_sentence(status: int, body: object, message: str) -> None:
    with answering(status, body) as url:
        assert refused(url) == message


def test_a_closed_port_is_told_in_a_sentence() -> None:
    with answering(200, "") as url:
        pass
    assert refused(url) == "No Label Studio answers at URL: connection refused."


@pytest.mark.parametrize("url", ["label-studio.example", "ftp://label-studio.example", "http://", ""])
def test_what_is_no_address_is_told(url: str) -> None:
    with pytest.raises(UserError, match="The address of Label Studio is no web address"):
        Server.at(url, TOKEN)


def test_an_address_with_a_password_is_refused_and_not_repeated() -> None:
    with pytest.raises(UserError) as error:
        Server.at("http://me:swordfish@127.0.0.1:1", TOKEN)
    assert "swordfish" not in str(error.value)


@real
def test_a_wrong_token_or_a_wrong_path_is_told_in_a_sentence(label_studio: LabelStudio) -> None:
    assert refused(label_studio.url) == "Label Studio at URL does not know this token."
    assert refused(label_studio.url, "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln").endswith("does not know this token.")
    near = f"{label_studio.url}/api"
    assert refused(near, label_studio.token) == "Label Studio is not at URL, but near it."


@real
def test_a_personal_access_token_lets_in_and_is_renewed(label_studio: LabelStudio) -> None:
    rater = label_studio.annotator("pat")
    with Server.at(label_studio.url, rater.token) as legacy:
        personal = legacy.act("/api/token/", {})["token"]
    with Server.at(label_studio.url, personal) as server:
        me = server.get("/api/current-user/whoami")
        server.login._access = "eyJhbGciOiJIUzI1NiJ9.eyJleHAiOjF9.c2ln"  # as if it had ended before we thought
        assert server.get("/api/current-user/whoami") == me
    assert me["email"] == rater.email


@real
def test_a_no_says_what_label_studio_says(label_studio: LabelStudio) -> None:
    with Server.at(label_studio.url, label_studio.token) as server, pytest.raises(UserError) as error:
        server.post("/api/projects/", {"title": "bad", "label_config": "<View><Nothing"})
    assert "refused POST /api/projects/ (400): {'label_config':" in str(error.value)


@real
@pytest.mark.parametrize("does", ["504 before", "504 after", "drop before", "drop after"])
def test_a_post_that_may_have_been_done_is_sent_once(label_studio: LabelStudio, does: Does) -> None:
    proxy = FaultyProxy(label_studio.url, [Fault(does, "POST")])
    with (
        proxy.serving(),
        Server.at(proxy.url, label_studio.token) as server,
        pytest.raises(Uncertain, match="may have been done"),
    ):
        server.post("/api/projects/", {"title": "never"}, commit="no")
    assert [method for method, _ in proxy.passed].count("POST") == ("after" in does)


@real
def test_patience_ends_with_one_sentence(label_studio: LabelStudio) -> None:
    told: list[str] = []
    with (
        FaultyProxy(label_studio.url).serving() as proxy,
        Server.at(proxy.url, label_studio.token, tell=told.append, patience_s=2.0) as server,
    ):
        proxy.down = True
        with pytest.raises(Silent, match=r"did not answer for 2 s \(connection lost\)"):
            server.get("/api/users/")
    assert len(told) == 1
