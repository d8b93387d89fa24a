"""Folders, media, analyses, reports and webhooks in the OpenAPI document."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from faceVer.http.oz.described import folder_documents as doc
from faceVer.http.oz.described.description import CONFLICT, CREATED, NOT_REALIZED, RULE, Description, Descriptions
from faceVer.http.oz.kept import analyses, folders, reports, webhooks
from faceVer.http.oz.kept.reports import ATTACHMENTS, REPORT, REPORTS, TEMPLATE
from faceVer.http.oz.kept.rows import ANALYSIS, FOLDER, MEDIA
from faceVer.http.oz.lists import ListSpec, flags, parameters
from faceVer.services.folders.document import FolderDocument
from faceVer.services.folders.media_document import Medium
from faceVer.services.folders.wire_types import MetaData
from faceVer.services.stored_folders.payload import AnalysesPayload, FolderPayload, MediaPayload

Ignored = Annotated[MetaData, Meta(description="Has no effect here.")]
_EXTRAS = flags(with_user="Add the owner to each folder.", with_company="Add the company to each folder.")
_ANALYSES = flags(with_analyses="Whether each folder has its analyses.")
_RESULTS = (
    *flags(with_results_media_filter="Whether the two filters on results count."),
    *parameters(ListSpec(folders.RESULT_FILTERS), paged=False),
)
FOLDERS: Descriptions = {
    "/api/webhooks/": {"GET": Description(doc.WebhookPage, query=parameters(webhooks.WEBHOOKS))},
    "/api/webhooks/{delivery_id}/resend/": {"POST": Description(doc.WebhookDocument, errors=(RULE,))},
    "/api/folders/": {
        "GET": Description(
            doc.FolderPage,
            query=(
                *parameters(folders.LIST, search="ids, names and metadata"),
                *_ANALYSES,
                *_EXTRAS,
                *_RESULTS,
            ),
        ),
        "POST": Description(FolderDocument, FolderPayload, errors=(NOT_REALIZED, RULE), status=CREATED),
    },
    FOLDER: {
        "GET": Description(FolderDocument, query=(*_ANALYSES, *_EXTRAS)),
        "PATCH": Description(FolderDocument, folders.FolderPatch, errors=(RULE,)),
        "DELETE": Description(errors=(RULE,)),
    },
    f"{FOLDER}pi/": {"DELETE": Description(errors=(RULE,))},
    f"{FOLDER}media/": {
        "GET": Description(list[Medium]),
        "POST": Description(list[Medium], MediaPayload, errors=(RULE,), status=CREATED),
    },
    f"{FOLDER}media/{{media_id}}/": {"DELETE": Description(errors=(RULE,))},
    f"{FOLDER}analyses/": {
        "GET": Description(list[doc.Analysis], query=parameters(analyses.FILTERS, paged=False)),
        "POST": Description(list[doc.Analysis], AnalysesPayload, errors=(NOT_REALIZED, RULE), status=CREATED),
    },
    MEDIA: {
        "GET": Description(Medium),
        "PATCH": Description(Medium, analyses.MediaPatch, errors=(RULE,)),
        "DELETE": Description(errors=(RULE,)),
    },
    ANALYSIS: {
        "GET": Description(doc.Analysis),
        "PATCH": Description(doc.Analysis, analyses.AnalysisPatch, errors=(RULE,)),
        "DELETE": Description(errors=(RULE,)),
    },
    "/api/report_templates/": {
        "GET": Description(doc.TemplatePage, query=parameters(reports.LIST)),
        "POST": Description(doc.TemplateDocument, reports.TemplateCreation, errors=(CONFLICT, RULE), status=CREATED),
    },
    TEMPLATE: {
        "GET": Description(doc.TemplateDocument),
        "PATCH": Description(doc.TemplateDocument, reports.TemplatePatch, errors=(CONFLICT,)),
        "DELETE": Description(),
    },
    ATTACHMENTS: {
        "GET": Description(list[doc.AttachmentDocument]),
        "POST": Description(list[doc.AttachmentDocument], Ignored, errors=(RULE,), status=CREATED),
    },
    f"{ATTACHMENTS}{{attachment_id}}/": {"DELETE": Description()},
    REPORTS: {
        "GET": Description(list[doc.ReportDocument]),
        "POST": Description(doc.ReportDocument, reports.ReportRequest, errors=(RULE,), status=CREATED),
    },
    REPORT: {"GET": Description(doc.ReportDocument), "DELETE": Description()},
}
