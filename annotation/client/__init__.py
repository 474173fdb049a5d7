"""Label Studio over plain REST.

There is no `label-studio-sdk` here: it pins numpy and opencv below what the rest of us use, its types are those of
another edition, and it sends a POST again that may have been done. How each call of ours behaves when the server does
not answer, or answers 502, 503 or 504:

| call | sent again | how it is known to be done |
|---|---|---|
| `GET` of anything, export | yes, until patience ends | the answer; an export must be one whole JSON list |
| `PATCH` of a project or task | yes: it states how things should be | listed again before a push ends |
| `POST dm/actions delete_tasks` | yes: it names tasks; the server spares those with answers or drafts | listed again |
| `POST token/refresh` | yes: it changes nothing | the token that comes back |
| `POST projects` | never | looked for by our marker; of two the lower number stays |
| `POST projects/N/import` | never | tasks listed by our uid until their number rests; only what lacks is sent |
| `POST predictions` | never | predictions of tasks counted; where they are too many, all go and one is sent |
| `POST dm/actions delete_tasks_predictions` | yes: it names tasks | predictions of tasks counted |

No project is ever deleted. While Label Studio deletes one, its process counts nothing of what raters store anywhere,
and where two are deleted at the same time, not until it is started anew: so before tasks are deleted we look at the
annotations themselves.

A connection that was refused carried nothing, so whatever was to be sent is sent again.
"""
