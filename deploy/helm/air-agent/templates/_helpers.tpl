{{/* What is asked of the values beyond their schema, and the parts that both workloads share. */}}

{{- define "air-agent.name" -}}
{{- if contains "air-agent" .Release.Name }}{{ .Release.Name | trunc 50 | trimSuffix "-" }}{{ else }}{{ printf "%s-air-agent" .Release.Name | trunc 50 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "air-agent.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/part-of: air-agent
{{- end }}

{{- define "air-agent.agentSelector" -}}
app.kubernetes.io/name: air-agent
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: agent
{{- end }}

{{- define "air-agent.pagesSelector" -}}
app.kubernetes.io/name: air-agent
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: pages
{{- end }}

{{/* The selector of whichever pods answer for the pages. */}}
{{- define "air-agent.pagesAnswer" -}}
{{- if eq .Values.ledger.kind "sqlite" }}{{ include "air-agent.agentSelector" . }}{{ else }}{{ include "air-agent.pagesSelector" . }}{{ end }}
{{- end }}

{{- define "air-agent.image" -}}
{{- required "image.repository: name where you pushed the image" .Values.image.repository }}@{{ required "image.digest: write the digest that the push printed: a tag can be moved, a digest cannot" .Values.image.digest }}
{{- end }}

{{/* What fits no schema: values that need each other. */}}
{{- define "air-agent.check" -}}
{{- $v := .Values }}
{{- if and (eq $v.ledger.kind "sqlite") (gt (int $v.replicas) 1) }}
{{- fail "replicas: SQLite is one replica's: set ledger.kind to postgresql, or replicas to 1" }}
{{- end }}
{{- if eq $v.ledger.kind "postgresql" }}
{{- $_ := required "ledger.postgresql.host: name the server" $v.ledger.postgresql.host }}
{{- $_ := required "audit.keySecret.name: PostgreSQL needs an audit key, the same for every replica" $v.audit.keySecret.name }}
{{- if and $v.networkPolicy.enabled (not $v.ledger.postgresql.to) }}
{{- fail "ledger.postgresql.to: say where the server is, so that the network policy lets the agent there and nowhere else" }}
{{- end }}
{{- end }}
{{- if and (has $v.auth.kind (list "certificate" "clientSecret")) (not $v.auth.secret.name) (not $v.tenants.configMap) }}
{{- fail (printf "auth.secret.name: %s needs one" $v.auth.kind) }}
{{- end }}
{{- if and (has $v.auth.kind (list "workloadIdentity" "managedIdentity")) $v.auth.secret.name }}
{{- fail (printf "auth.secret.name: %s needs none: leave one of them out" $v.auth.kind) }}
{{- end }}
{{- if and (ne $v.auth.kind "managedIdentity") (not $v.auth.clientId) (not $v.tenants.configMap) }}
{{- fail (printf "auth.clientId: %s needs it" $v.auth.kind) }}
{{- end }}
{{- if and $v.tenants.configMap (hasKey $v.settings "tenant") }}
{{- fail "settings.tenant: each file of tenants.configMap has its own: leave one of them out" }}
{{- end }}
{{- if and (not $v.tenants.configMap) (not (dig "tenant" "id" "" $v.settings)) }}
{{- fail "settings.tenant.id: write the tenant's id" }}
{{- end }}
{{- $places := 0 }}
{{- if $v.policies.configMaps }}{{ $places = add $places 1 }}{{ end }}
{{- if $v.policies.claim.name }}{{ $places = add $places 1 }}{{ end }}
{{- if $v.policies.git.repository }}{{ $places = add $places 1 }}{{ end }}
{{- if ne (int $places) 1 }}
{{- fail "policies: name one place: configMaps, claim or git" }}
{{- end }}
{{- if and $v.policies.git.repository (not (contains "@sha256:" $v.policies.git.image)) }}
{{- fail "policies.git.image: name git-sync by its digest" }}
{{- end }}
{{- if $v.pages.enabled }}
{{- $_ := required "pages.url: write the https address at which people open the pages" $v.pages.url }}
{{- if and $v.tenants.configMap (not $v.pages.tenant) }}
{{- fail "pages.tenant: name the tenant that the pages are about: its key in tenants.configMap, without .yaml" }}
{{- end }}
{{- if and $v.pages.tenant (not $v.tenants.configMap) }}
{{- fail "pages.tenant: there is one tenant: leave it out" }}
{{- end }}
{{- $_ := required "pages.clientSecret.name: the pages need the secret of the app registration that people sign in to" $v.pages.clientSecret.name }}
{{- end }}
{{- range $section, $keys := dict "ledger" (list "url" "password_file") "audit" (list "key_file" "file") "policies" (list "directory") "tenants" (list "directory") "auth" (list "kind" "client_id" "certificate_path" "certificate_password_file" "client_secret_file") "health" (list "listen" "heartbeat_file") "telemetry" (list "headers_file") "web" (list "listen" "url" "client_secret_file" "certificate" "certificate_key") }}
{{- range $key := $keys }}
{{- if hasKey (get $v.settings $section | default dict) $key }}
{{- fail (printf "settings.%s.%s: the chart sets it, from the values beside `settings`: leave it out" $section $key) }}
{{- end }}
{{- end }}
{{- end }}
{{- if hasKey $v.settings "replica" }}
{{- fail "settings.replica: each pod's own name is: leave it out" }}
{{- end }}
{{- end }}

{{/* Where the ledger is; `{tenant}` is the agent's, not Helm's. */}}
{{- define "air-agent.ledgerUrl" -}}
{{- if eq .Values.ledger.kind "sqlite" -}}
sqlite:////var/lib/air-agent/{{ if .Values.tenants.configMap }}{tenant}/{{ end }}ledger.db
{{- else -}}
{{- $p := .Values.ledger.postgresql -}}
postgresql://{{ $p.user }}@{{ $p.host }}:{{ int $p.port }}/{{ $p.database }}?sslmode={{ $p.sslmode }}
{{- if has $p.sslmode (list "verify-ca" "verify-full") }}&sslrootcert={{ if $p.caSecret.name }}/run/secrets/ledger-ca/{{ $p.caSecret.key }}{{ else }}/etc/ssl/certs/ca-certificates.crt{{ end }}{{ end }}
{{- end -}}
{{- end }}

{{- define "air-agent.policiesFolder" -}}
{{- if .Values.policies.git.repository }}/policies/current{{ with .Values.policies.git.folder }}/{{ . }}{{ end }}
{{- else if .Values.policies.claim.name }}/policies{{ with .Values.policies.claim.folder }}/{{ . }}{{ end }}
{{- else }}/policies{{ end }}
{{- end }}

{{/* What the chart itself sets in the settings file. */}}
{{- define "air-agent.ownSettings" -}}
policies:
  directory: {{ include "air-agent.policiesFolder" . }}
ledger:
  url: {{ include "air-agent.ledgerUrl" . | quote }}
  {{- if and (eq .Values.ledger.kind "postgresql") .Values.ledger.postgresql.passwordSecret.name }}
  password_file: /run/secrets/ledger/{{ .Values.ledger.postgresql.passwordSecret.key }}
  {{- end }}
audit:
  {{- if .Values.audit.keySecret.name }}
  key_file: /run/secrets/audit/{{ .Values.audit.keySecret.key }}
  {{- end }}
  file: /var/lib/air-agent/{{ if .Values.tenants.configMap }}{tenant}/{{ end }}audit.jsonl
  {{- if .Values.audit.anchorClaim }}
  anchor: /var/lib/air-agent-anchors/{{ if .Values.tenants.configMap }}{tenant}-{{ end }}anchors
  {{- end }}
auth:
  kind: {{ .Values.auth.kind }}
  {{- with .Values.auth.clientId }}
  client_id: {{ . }}
  {{- end }}
  {{- with .Values.auth.secret }}
  {{- if .name }}
  {{ ternary "certificate_path" "client_secret_file" (eq $.Values.auth.kind "certificate") }}: /run/secrets/login/{{ .key }}
  {{- end }}
  {{- end }}
  {{- with .Values.auth.passwordSecret }}
  {{- if .name }}
  certificate_password_file: /run/secrets/login-password/{{ .key }}
  {{- end }}
  {{- end }}
{{- if .Values.tenants.configMap }}
tenants:
  directory: /etc/air-agent-tenants
{{- end }}
health:
  listen: 0.0.0.0:8421
  {{- if .Values.heartbeat.secret.name }}
  heartbeat_file: /run/secrets/heartbeat/{{ .Values.heartbeat.secret.key }}
  {{- end }}
{{- if .Values.telemetry.headersSecret.name }}
telemetry:
  headers_file: /run/secrets/telemetry/{{ .Values.telemetry.headersSecret.key }}
{{- end }}
{{- if .Values.pages.enabled }}
web:
  listen: 0.0.0.0:8420
  url: {{ .Values.pages.url }}
  client_secret_file: /run/secrets/pages/{{ .Values.pages.clientSecret.key }}
  {{- if .Values.pages.certificateSecret }}
  certificate: /run/secrets/pages-certificate/tls.crt
  certificate_key: /run/secrets/pages-certificate/tls.key
  {{- end }}
{{- end }}
{{- end }}

{{- define "air-agent.settingsFile" -}}
{{- $own := include "air-agent.ownSettings" . | fromYaml }}
{{- toYaml (mergeOverwrite (deepCopy .Values.settings) $own) }}
{{- end }}

{{- define "air-agent.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "air-agent.containerSecurity" -}}
allowPrivilegeEscalation: false
privileged: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{/* What both containers are told: the name in the ledger is the pod's. */}}
{{- define "air-agent.environment" -}}
- name: AIR_AGENT_REPLICA
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* What both containers see, read only but for /tmp. */}}
{{- define "air-agent.sharedMounts" -}}
- {name: settings, mountPath: /etc/air-agent, readOnly: true}
- {name: tmp, mountPath: /tmp}
{{- if .Values.policies.configMaps }}
{{- range $index, $one := .Values.policies.configMaps }}
- {name: policies-{{ $index }}, mountPath: /policies{{ with $one.folder }}/{{ . }}{{ end }}, readOnly: true}
{{- end }}
{{- else }}
- {name: policies, mountPath: /policies, readOnly: true}
{{- end }}
{{- if .Values.tenants.configMap }}
- {name: tenants, mountPath: /etc/air-agent-tenants, readOnly: true}
{{- end }}
{{- if and (eq .Values.ledger.kind "postgresql") .Values.ledger.postgresql.passwordSecret.name }}
- {name: ledger, mountPath: /run/secrets/ledger, readOnly: true}
{{- end }}
{{- if and (eq .Values.ledger.kind "postgresql") .Values.ledger.postgresql.caSecret.name }}
- {name: ledger-ca, mountPath: /run/secrets/ledger-ca, readOnly: true}
{{- end }}
{{- if .Values.audit.keySecret.name }}
- {name: audit, mountPath: /run/secrets/audit, readOnly: true}
{{- end }}
{{- if .Values.heartbeat.secret.name }}
- {name: heartbeat, mountPath: /run/secrets/heartbeat, readOnly: true}
{{- end }}
{{- if .Values.telemetry.headersSecret.name }}
- {name: telemetry, mountPath: /run/secrets/telemetry, readOnly: true}
{{- end }}
{{- end }}

{{- define "air-agent.sharedVolumes" -}}
- name: settings
  configMap: {name: {{ include "air-agent.name" . }}}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
{{- range $index, $one := .Values.policies.configMaps }}
- name: policies-{{ $index }}
  configMap: {name: {{ $one.name }}}
{{- end }}
{{- if .Values.policies.claim.name }}
- name: policies
  persistentVolumeClaim: {claimName: {{ .Values.policies.claim.name }}, readOnly: true}
{{- end }}
{{- if .Values.policies.git.repository }}
- name: policies
  emptyDir: {}
{{- if .Values.policies.git.secret }}
- name: git
  secret: {secretName: {{ .Values.policies.git.secret }}, defaultMode: 0440}
{{- end }}
{{- end }}
{{- if .Values.tenants.configMap }}
- name: tenants
  configMap: {name: {{ .Values.tenants.configMap }}}
{{- end }}
{{- if eq .Values.ledger.kind "postgresql" }}
{{- include "air-agent.secretVolume" (list "ledger" .Values.ledger.postgresql.passwordSecret) }}
{{- include "air-agent.secretVolume" (list "ledger-ca" .Values.ledger.postgresql.caSecret) }}
{{- end }}
{{- include "air-agent.secretVolume" (list "audit" .Values.audit.keySecret) }}
{{- include "air-agent.secretVolume" (list "heartbeat" .Values.heartbeat.secret) }}
{{- include "air-agent.secretVolume" (list "telemetry" .Values.telemetry.headersSecret) }}
{{- end }}

{{/* A volume with one key of a Secret, where one is named. */}}
{{- define "air-agent.secretVolume" -}}
{{- $name := index . 0 }}{{ $secret := index . 1 }}
{{- if $secret.name }}
- name: {{ $name }}
  secret:
    secretName: {{ $secret.name }}
    defaultMode: 0440
    items: [{key: {{ $secret.key | quote }}, path: {{ $secret.key | quote }}}]
{{- end }}
{{- end }}

{{/* git-sync: once before the agent starts, and again beside it. */}}
{{- define "air-agent.gitSync" -}}
{{- $git := .Values.policies.git }}
image: {{ $git.image }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
env:
  - {name: GITSYNC_REPO, value: {{ $git.repository | quote }}}
  - {name: GITSYNC_REF, value: {{ $git.ref | quote }}}
  - {name: GITSYNC_ROOT, value: /policies}
  - {name: GITSYNC_LINK, value: current}
  - {name: GITSYNC_DEPTH, value: "0"}
  - {name: GITSYNC_PERIOD, value: {{ $git.every | quote }}}
  {{- if $git.secret }}
  - {name: GITSYNC_USERNAME, valueFrom: {secretKeyRef: {name: {{ $git.secret }}, key: username}}}
  - {name: GITSYNC_PASSWORD_FILE, value: /run/secrets/git/password}
  {{- end }}
  - {name: HOME, value: /tmp}
securityContext: {{- include "air-agent.containerSecurity" . | nindent 2 }}
resources:
  requests: {cpu: 20m, memory: 64Mi}
  limits: {memory: 256Mi}
volumeMounts:
  - {name: policies, mountPath: /policies}
  - {name: tmp, mountPath: /tmp}
  {{- if $git.secret }}
  - {name: git, mountPath: /run/secrets/git, readOnly: true}
  {{- end }}
{{- end }}

{{/* The container of the pages. */}}
{{- define "air-agent.pages" -}}
name: pages
image: {{ include "air-agent.image" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
args: [serve{{ with .Values.pages.tenant }}, --tenant, {{ . }}{{ end }}]
workingDir: /etc/air-agent
env: {{- include "air-agent.environment" . | nindent 2 }}
ports:
  - {name: pages, containerPort: 8420}
{{- range $probe := list "startupProbe" "livenessProbe" "readinessProbe" }}
{{ $probe }}:
  httpGet: {path: {{ ternary "/readyz" "/healthz" (eq $probe "readinessProbe") }}, port: pages, scheme: {{ ternary "HTTPS" "HTTP" (ne $.Values.pages.certificateSecret "") }}}
  periodSeconds: {{ ternary 5 15 (eq $probe "startupProbe") }}
  timeoutSeconds: 5
  failureThreshold: {{ ternary 24 3 (eq $probe "startupProbe") }}
{{- end }}
resources: {{- toYaml .Values.pages.resources | nindent 2 }}
securityContext: {{- include "air-agent.containerSecurity" . | nindent 2 }}
volumeMounts:
  {{- include "air-agent.sharedMounts" . | nindent 2 }}
  - {name: data, mountPath: /var/lib/air-agent}
  - {name: pages, mountPath: /run/secrets/pages, readOnly: true}
  {{- if .Values.pages.certificateSecret }}
  - {name: pages-certificate, mountPath: /run/secrets/pages-certificate, readOnly: true}
  {{- end }}
{{- end }}

{{- define "air-agent.pagesVolumes" -}}
{{- include "air-agent.secretVolume" (list "pages" .Values.pages.clientSecret) }}
{{- if .Values.pages.certificateSecret }}
- name: pages-certificate
  secret: {secretName: {{ .Values.pages.certificateSecret }}, defaultMode: 0440}
{{- end }}
{{- end }}

{{/* Where a pod may run. */}}
{{- define "air-agent.placing" -}}
{{- with .Values.nodeSelector }}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}

{{- define "air-agent.spread" -}}
topologySpreadConstraints:
  {{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector: {matchLabels: {{ $.selector | fromYaml | toJson }}}
  {{- end }}
{{- end }}

{{/* Where both workloads may go: names, the internet's port 443, and the database. */}}
{{- define "air-agent.egress" -}}
{{- $n := .Values.networkPolicy }}
- to: {{- toYaml $n.dns | nindent 4 }}
  ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
- to:
    - ipBlock: {cidr: 0.0.0.0/0, except: {{ toJson $n.notOutside }}}
  ports:
    - {port: 443, protocol: TCP}
{{- if eq .Values.ledger.kind "postgresql" }}
- to: {{- toYaml .Values.ledger.postgresql.to | nindent 4 }}
  ports:
    - {port: {{ int .Values.ledger.postgresql.port }}, protocol: TCP}
{{- end }}
{{- end }}
