"""The log in the admin: auditlog's own page goes, since reading the log is a right and an entry of its own."""

from django.contrib import admin

from audit.models import Entry

# auditlog registers its log model by itself, before this module is read.
admin.site.unregister(Entry)
