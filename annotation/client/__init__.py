"""Label Studio over plain REST.

There is no `label-studio-sdk` here: it pins numpy and opencv below what the rest of us use, its types are those of
another edition, and it sends a POST again that may have been done. How each call of ours behaves when the server does
not answer, or answers 502, 503 or 504:

| call | sent again | how it is known to be done |
|---|---|---|
| `GET` of anything, export | yes, until patience ends | the answer; an export must be one whole JSON list |
| `PATCH` of a project or task | yes: it states how things should be | listed again before a push ends |
| `DELETE` of a project or prediction | yes: what is gone (404) is deleted | listed again |
| `POST dm/actions delete_tasks` | yes: it names tasks; the server spares those with answers or drafts | listed again |
| `POST token/refresh` | yes: it changes nothing | the token that comes back |
| `POST projects` | never | looked for by our marker; of two the lower number stays |
| `POST projects/N/import` | never | tasks listed by our uid until their number rests; only what lacks is sent |
| `POST predictions` | never | predictions of tasks counted; what is missing is sent, what is twice deleted |

A connection that was refused carried nothing, so whatever was to be sent is sent again.
"""
