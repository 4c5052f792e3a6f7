"""Mail domains that anybody can have an address at: sharing one says nothing."""

from functools import cache
from typing import Final

import polars as pl

from distillscan.profile.text.hashes import hash_column

#: The large public mail providers. A domain that a set share of all accounts use is one as well, listed or not.
MAIL_PROVIDERS: Final = frozenset(
    """
    gmail.com googlemail.com outlook.com hotmail.com live.com msn.com yahoo.com yahoo.co.jp yahoo.co.uk ymail.com
    icloud.com me.com mac.com aol.com proton.me protonmail.com pm.me gmx.de gmx.net gmx.com web.de t-online.de
    mail.ru yandex.ru yandex.com bk.ru list.ru inbox.ru rambler.ru qq.com 163.com 126.com sina.com sina.cn sohu.com
    foxmail.com aliyun.com 139.com 189.cn naver.com daum.net hanmail.net kakao.com zoho.com fastmail.com tutanota.com
    tuta.io mail.com hey.com orange.fr free.fr laposte.net wanadoo.fr libero.it virgilio.it tiscali.it uol.com.br
    bol.com.br terra.com.br seznam.cz wp.pl o2.pl interia.pl onet.pl rediffmail.com comcast.net verizon.net att.net
    sbcglobal.net btinternet.com sky.com bigpond.com docomo.ne.jp ezweb.ne.jp softbank.ne.jp hotmail.co.uk hotmail.fr
    outlook.fr outlook.de outlook.jp live.co.uk live.fr duck.com privaterelay.appleid.com
    """.split()  # noqa: SIM905 - a hundred quoted names read worse
)


@cache
def provider_entities() -> frozenset[int]:
    """Return the hashes by which profiles know these domains, whatever name they show for them."""
    return frozenset(hash_column(pl.Series(sorted(MAIL_PROVIDERS))).to_list())
