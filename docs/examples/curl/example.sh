#!/bin/sh
# FaceVer over HTTP, with curl (7.66 or later) and a POSIX shell.
#
# Environment: URL, API_KEY (where the server asks for one), PHOTO, SELFIE and OTHER (JPEG), VIDEO. Templates and the
# best shot are written to the current folder. Exit status 0, or 1 with the error on standard error.
set -eu
export LC_ALL=C

URL=${URL:-http://127.0.0.1:8080}
PATTERN=$URL/v1/face/pattern
LIVENESS=$URL/v1/face/liveness
PHOTO=${PHOTO:-photo.jpg}
SELFIE=${SELFIE:-selfie.jpg}
OTHER=${OTHER:-other.jpg}
VIDEO=${VIDEO:-video.mp4}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# The key goes into a file: a command's arguments can be seen by all users of the machine.
printf '%s' "${API_KEY:+X-API-Key: $API_KEY}" > "$work/key"

# call FILE CURL-ARGUMENT...: the answer's body goes to FILE. --retry repeats a 503 after its Retry-After.
call() {
    out=$1 && shift
    status=$(curl -sS --max-time 60 --retry 3 -H "@$work/key" -D "$work/head" -o "$work/body" -w '%{http_code}' "$@") ||
        exit 1
    if [ "$status" != 200 ]; then
        id=$(tr -d '\r' < "$work/head" | sed -n 's/^[Xx]-[Rr]equest-[Ii][Dd]: //p' | tail -n 1)
        code=$(field code "$work/body")
        echo "error ${code:-HTTP $status}: $(field message "$work/body") (HTTP $status, request ${id:--})" >&2
        exit 1
    fi
    mv "$work/body" "$out"
}

# field NAME FILE: a value out of an answer (jq does it better, where it is installed).
field() {
    sed -n -e "s/.*\"$1\": \"\([^\"]*\)\".*/\1/p" -e t -e "s/.*\"$1\": \([^],}]*\).*/\1/p" "$2"
}

size() {
    wc -c < "$1" | tr -d ' '
}

call "$work/health" "$PATTERN/health"
echo "health $(field status "$work/health")"

call photo.fvt -H 'Content-Type: image/jpeg' --data-binary "@$PHOTO" "$PATTERN/extract"
echo "template photo.fvt $(size photo.fvt)"
call other.fvt -H 'Content-Type: image/jpeg' --data-binary "@$OTHER" "$PATTERN/extract"
echo "template other.fvt $(size other.fvt)"

# curl states application/octet-stream for a file whose ending it does not know: right for templates.
call "$work/compare" -F 'bio_feature=@photo.fvt' -F 'bio_template=@other.fvt' "$PATTERN/compare"
printf 'compare %.6f %s\n' "$(field score "$work/compare")" "$(field decision "$work/compare")"

# The answer is multipart/form-data. A shell cannot hold the template's bytes, so it is requested as base64, one line.
# The header speaks for every file of the request; encoder=base64 is what encodes them.
call "$work/verify" -H 'Content-Transfer-Encoding: base64' \
    -F "sample=@$SELFIE;type=image/jpeg;encoder=base64" -F 'bio_template=@photo.fvt;encoder=base64' "$PATTERN/verify"
tr -d '\r' < "$work/verify" | sed -n '/name="bio_feature"/,/^--/p' | sed -n '/^$/{n;p;q;}' | base64 -d > selfie.fvt
printf 'verify %.6f selfie.fvt %s\n' "$(field score "$work/verify")" "$(size selfie.fvt)"

call "$work/search" -F "sample_1=@$SELFIE;type=image/jpeg" -F 'templates_n=@photo.fvt' -F 'templates_n=@other.fvt' \
    "$PATTERN/verify_n"
tr '{' '\n' < "$work/search" |
    sed -n 's/"filename": "\([^"]*\)", "score": \([^,]*\), "decision": "\([^"]*\)".*/\2 \3 \1/p' |
    while read -r score decision name || [ -n "$score" ]; do
        printf 'search %s %.6f %s\n' "$name" "$score" "$decision"
    done

base64 < "$PHOTO" > "$work/photo.b64"
call "$work/template.b64" -H 'Content-Type: image/jpeg' -H 'Content-Transfer-Encoding: base64' \
    --data-binary "@$work/photo.b64" "$PATTERN/extract"
base64 -d < "$work/template.b64" | cmp -s - photo.fvt && echo 'base64 equal' || echo 'base64 different'

call "$work/liveness" -H 'Content-Type: image/jpeg' --data-binary "@$SELFIE" "$LIVENESS/detect"
[ "$(field passed "$work/liveness")" = true ] && passed=passed || passed=failed
printf 'liveness %s %.6f\n' "$passed" "$(field score "$work/liveness")"

call "$work/folder" -F "video1=@$VIDEO;type=video/mp4" --form-string 'payload={
    "media:tags": {"video1": ["video_selfie", "video_selfie_blank"]},
    "analyses": [{"type": "quality", "params": {"extract_best_shot": true}}]
}' "$LIVENESS/detect"
if [ "$(field state "$work/folder")" != FINISHED ]; then # no face, several people
    echo "error $(field error_code "$work/folder"): $(field error_message "$work/folder")" >&2
    exit 1
fi
field image_b64 "$work/folder" | base64 -d > best_shot.jpg
printf 'folder %s %.6f\n' "$(field system_resolution "$work/folder")" "$(field confidence_spoofing "$work/folder")"
echo "best shot best_shot.jpg $(size best_shot.jpg)"
