"""The Label Studio that tests share: started as for users."""

import httpx
import pytest
from support.label_studio import LabelStudio

pytestmark = pytest.mark.xdist_group("label-studio")


def test_annotators_log_in_with_the_password_they_were_given(label_studio: LabelStudio) -> None:
    made = label_studio.annotator("ada")
    with httpx.Client(base_url=label_studio.url, trust_env=False) as session:
        session.get("/user/login/")
        form = {"email": made.email, "password": made.password, "csrfmiddlewaretoken": session.cookies["csrftoken"]}
        assert session.post("/user/login/", data=form, headers={"Referer": label_studio.url}).status_code == 302
        assert session.get("/api/current-user/whoami").json()["id"] == made.id
