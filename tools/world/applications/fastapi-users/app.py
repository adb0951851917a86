import logging
import uuid
from contextlib import asynccontextmanager

import strawberry
from fastapi import Depends, FastAPI
from fastapi_users import BaseUserManager, FastAPIUsers, UUIDIDMixin, schemas
from fastapi_users.authentication import AuthenticationBackend, BearerTransport, JWTStrategy
from fastapi_users.db import SQLAlchemyBaseUserTableUUID, SQLAlchemyUserDatabase
from sqladmin import Admin, ModelView
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from strawberry.fastapi import GraphQLRouter

logger = logging.getLogger(__name__)
engine = create_async_engine("sqlite+aiosqlite:///users.db")
sessions = async_sessionmaker(engine, expire_on_commit=False)
SECRET = "a secret of thirty-two characters"


class Base(DeclarativeBase):
    pass


class User(SQLAlchemyBaseUserTableUUID, Base):
    pass


class Users(UUIDIDMixin, BaseUserManager[User, uuid.UUID]):
    reset_password_token_secret = SECRET
    verification_token_secret = SECRET

    async def on_after_register(self, user, request=None):
        logger.warning("user has registered")


async def manager():
    async with sessions() as session:
        yield Users(SQLAlchemyUserDatabase(session, User))


backend = AuthenticationBackend(
    name="jwt",
    transport=BearerTransport(tokenUrl="auth/jwt/login"),
    get_strategy=lambda: JWTStrategy(secret=SECRET, lifetime_seconds=3600),
)
users = FastAPIUsers[User, uuid.UUID](manager, [backend])


class UserRead(schemas.BaseUser[uuid.UUID]):
    pass


class UserCreate(schemas.BaseUserCreate):
    pass


@strawberry.type
class Query:
    @strawberry.field
    def hello(self) -> str:
        return "world"


@asynccontextmanager
async def lifespan(app):
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)
app.include_router(users.get_auth_router(backend), prefix="/auth/jwt")
app.include_router(users.get_register_router(UserRead, UserCreate), prefix="/auth")
app.include_router(GraphQLRouter(strawberry.Schema(Query)), prefix="/graphql")


@app.get("/users/me")
async def me(user: User = Depends(users.current_user())):
    return {"email": user.email}


class UserAdmin(ModelView, model=User):
    column_list = ["id", "email"]


Admin(app, engine).add_view(UserAdmin)
