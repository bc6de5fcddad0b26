"""What other packages put into the admin and this desk does not offer there.

The log is read on its own pages, by right and with an entry; groups are derived from bindings; allauth's addresses and
sessions would show session keys to whoever may look.
"""

from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group

from audit.models import Entry

admin.site.unregister([EmailAddress, UserSession, Group, Entry])
