"""All tables of the house under one import; `METADATA` knows every one of them."""

from __future__ import annotations

from orderbell.store.tables.automations import RuleChange
from orderbell.store.tables.base import Row, State
from orderbell.store.tables.brand import Logo
from orderbell.store.tables.drafts import TemplateDraft
from orderbell.store.tables.goods import Card, CardImport, LostSale, Product, ReusableCard, Reveal, Slot
from orderbell.store.tables.limits import Allowance
from orderbell.store.tables.messages import Attempt, BrandVersion, Message, Provider, Rule, Template, TemplateVersion
from orderbell.store.tables.orders import AddressRow, Conflicting, Customer, EventRow, LineRow, Order, Task, Timer
from orderbell.store.tables.records import ResendItem, ResendJob, SavedFilter
from orderbell.store.tables.shops import (
    Answered,
    ApiKey,
    Audit,
    AuditHead,
    Bucket,
    Meta,
    Session,
    Shop,
    SignInLink,
    SourceRow,
    Staff,
)
from orderbell.store.tables.team import Invitation, SecondFactor
from orderbell.store.tables.wishes import Consent, Preference

METADATA = Row.metadata

__all__ = [
    "METADATA", "AddressRow", "Allowance", "Answered", "ApiKey", "Attempt", "Audit", "AuditHead", "BrandVersion",
    "Bucket", "Card", "CardImport", "Conflicting", "Consent", "Customer", "EventRow", "Invitation", "LineRow", "Logo",
    "LostSale", "Message", "Meta", "Order", "Preference", "Product", "Provider", "ResendItem", "ResendJob",
    "ReusableCard", "Reveal", "Rule", "RuleChange", "SavedFilter", "SecondFactor", "Session", "Shop", "SignInLink",
    "Slot", "SourceRow", "Staff", "State", "Task", "Template", "TemplateDraft", "TemplateVersion", "Timer",
]  # fmt: skip
