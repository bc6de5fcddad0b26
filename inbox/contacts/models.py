"""People outside who write to us. Their names and addresses are sealed under a key of their own."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from audit.actions import SubjectKind
from audit.subjects import Subject
from helpdesk.core.ids import new_id
from helpdesk.crypto.fields import SealedModel, SealedTextField
from helpdesk.crypto.keyring import KeyRef, Owner, OwnerKind


class Contact(SealedModel):
    """A person outside."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = SealedTextField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")

    def seal_ref(self) -> KeyRef:
        """Return the key of this person."""
        return Owner(OwnerKind.CONTACT, self.pk)

    def as_subject(self) -> Subject:
        """Return what an entry about this contact names."""
        return Subject(SubjectKind.CONTACT, self.pk)


class ContactAddress(SealedModel):
    """An address of a contact, found by its blind index."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    contact = models.ForeignKey(Contact, models.CASCADE, related_name="addresses")
    address = SealedTextField()
    blind = models.BinaryField(unique=True, max_length=16)
    undeliverable_at = models.DateTimeField(null=True)
    """Since when mail to it comes back; None while it may arrive."""
    hard_bounces = models.PositiveSmallIntegerField(default=0)
    """Mails that came back since it last wrote because there is no such address; the next counts all other reasons."""
    soft_bounces = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ()
        verbose_name = _("contact address")
        verbose_name_plural = _("contact addresses")

    def seal_ref(self) -> KeyRef:
        """Return the key of the person whose address it is."""
        return Owner(OwnerKind.CONTACT, self.contact_id)
