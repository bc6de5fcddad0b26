"""The door's addresses. allauth's own are not offered: whatever is not named here is not there."""

from django.urls import path

from helpdesk.web.door import enrol, profile, sign_in

app_name = "door"
urlpatterns = [
    path("login/", sign_in.sign_in, name="sign_in"),
    path("login/code/", sign_in.code, name="code"),
    path("login/recovery/", sign_in.recovery, name="recovery"),
    path("login/enrol/", enrol.enrol, name="enrol"),
    path("login/codes/", enrol.codes, name="codes"),
    path("logout/", sign_in.sign_out, name="sign_out"),
    path("me/", profile.me, name="me"),
]
