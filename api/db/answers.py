"""Written answers that are not handed in yet."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from api.db.base import Base, new_id, now


class AnswerDraft(Base):
    """What one student has filled in so far. Handing it in makes a submission of it; the draft stays."""

    __tablename__ = "answer_drafts"
    __table_args__ = (UniqueConstraint("assignment_id", "user_id"),)

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    assignment_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("assignments.id", ondelete="CASCADE"))
    user_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    answers: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by the question's key
    saved_at: Mapped[datetime] = mapped_column(default=now)
