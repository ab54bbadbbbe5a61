"""The issuer's four addresses."""

from libs.web.api import Api
from libs.web.call import Call, Reply
from libs.web.issuer import LIFE, TokenIssuer
from libs.web.problems import Problem
from tools.issuer.accounts import Accounts, AccountsUnreadable
from tools.issuer.schemas import LoginSchema


def build(issuer: TokenIssuer, accounts: Accounts) -> Api:
    """Discovery, keys, and tokens for those who know a password."""
    api = Api("issuer")

    @api.open("/.well-known/openid-configuration")
    def discovery(_call: Call) -> Reply:
        """Where the keys and the tokens are."""
        return Reply(body=issuer.discovery())

    @api.open("/jwks")
    def jwks(_call: Call) -> Reply:
        """The public key."""
        return Reply(body=issuer.jwks())

    @api.open("/token", method="POST", form=LoginSchema)
    def token(call: Call) -> Reply:
        """A token for one person in one position."""
        try:
            account = accounts.check(call.body["username"], call.body["password"])
        except AccountsUnreadable as error:
            raise Problem(
                503,
                "accounts_unreadable",
                "Không đọc được tệp tài khoản.",
                "The accounts file cannot be read.",
            ) from error
        if account is None:
            raise Problem(
                401,
                "login_refused",
                "Sai tên đăng nhập hoặc mật khẩu.",
                "The name or the password is wrong.",
            )
        issued = issuer.issue(
            subject=account.subject,
            agency=account.agency,
            roles=account.roles,
            position=account.position,
            behalf=account.on_behalf_of,
        )
        return Reply(body={"access_token": issued, "token_type": "Bearer", "expires_in": LIFE})

    return api
