"""Names, numbers and papers as a Chinese bank sees them, with right check digits, drawn from a given generator."""

from datetime import date, timedelta
from random import Random

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国志红梅鑫宇浩然子轩雨欣梓涵一诺思远晓东海燕"
MODELS = (
    "大众 朗逸",
    "丰田 卡罗拉",
    "本田 雅阁",
    "比亚迪 秦PLUS",
    "吉利 帝豪",
    "别克 君越",
    "日产 轩逸",
    "长安 CS75",
    "哈弗 H6",
    "特斯拉 Model 3",
)
DISTRICTS = (("110105", "北京市朝阳区"), ("110108", "北京市海淀区"), ("310115", "上海市浦东新区"), ("440305", "深圳市南山区"))
PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ0123456789"
VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
VIN_VALUES = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 7, 9, 2, 3, 4, 5, 6, 7, 8, 9), strict=True))
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CREDIT_LETTERS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def person(r: Random) -> str:
    """A name of two or three characters."""
    return r.choice(SURNAMES) + "".join(r.sample(GIVEN, r.choice((1, 2, 2))))


def identity(r: Random, region: str) -> str:
    """A resident identity number, GB 11643: region, birthday, serial, check digit."""
    born = date(1960, 1, 1) + timedelta(days=r.randrange(16_000))
    body = f"{region}{born:%Y%m%d}{r.randrange(1, 1000):03}"
    total = sum(int(digit) * weight for digit, weight in zip(body, IDENTITY_WEIGHTS, strict=True))
    return body + "10X98765432"[total % 11]


def phone(r: Random) -> str:
    """A mobile number."""
    return r.choice(("138", "139", "150", "186", "188")) + f"{r.randrange(10**8):08}"


def vin(r: Random) -> str:
    """A vehicle identification number, GB 16735, with its check digit in place 9."""
    body = list("L" + "".join(r.choices(VIN_LETTERS, k=7)) + "0" + "".join(r.choices(VIN_LETTERS, k=2)) + f"{r.randrange(10**6):06}")
    total = sum((int(c) if c.isdigit() else VIN_VALUES[c]) * w for c, w in zip(body, VIN_WEIGHTS, strict=True))
    body[8] = "0123456789X"[total % 11]
    return "".join(body)


def plate(r: Random) -> str:
    """A number plate."""
    return r.choice("京沪粤") + r.choice("ABCDEFGH") + "".join(r.choices(PLATE_LETTERS, k=5))


def credit_code(r: Random) -> str:
    """A unified social credit code, GB 32100, with its check character."""
    body = "91110105" + "".join(r.choices(CREDIT_LETTERS, k=9))
    total = sum(CREDIT_LETTERS.index(c) * w for c, w in zip(body, CREDIT_WEIGHTS, strict=True))
    return body + CREDIT_LETTERS[(31 - total % 31) % 31]


def registration(r: Random) -> str:
    """Number of a vehicle registration certificate (机动车登记证书): twelve digits."""
    return f"{r.choice((11, 31, 44))}{r.randrange(10**10):010}"


def small_pdf(title: str) -> bytes:
    """A valid PDF of one page; its text is plain ASCII, since no font is embedded."""
    text = f"BT /F1 18 Tf 72 720 Td ({title.encode('ascii', 'replace').decode()}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(text), text),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
