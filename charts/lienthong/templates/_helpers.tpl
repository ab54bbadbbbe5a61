{{/* All but `host` and `mount` take (dict "root" $ "name" NAME "workload" WORKLOAD). */}}

{{- define "lienthong.name" -}}
{{ printf "%s-%s" .root.Release.Name .name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "lienthong.selector" -}}
app.kubernetes.io/name: lienthong
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}

{{- define "lienthong.labels" -}}
{{ include "lienthong.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end }}

{{- define "lienthong.host" -}}
{{ get (urlParse .Values.settings.PUBLIC_URL) "host" }}
{{- end }}

{{/* Takes a setting's name. */}}
{{- define "lienthong.mount" -}}
/etc/lienthong/{{ . | lower | replace "_" "-" }}
{{- end }}

{{/* Takes a setting's name: where its volume is. */}}
{{- define "lienthong.volume" -}}
/var/lib/lienthong/{{ . | lower | replace "_" "-" }}
{{- end }}

{{/* The settings that a workload lists, from a secret, a mounted file or volume, or the values. */}}
{{- define "lienthong.settings" -}}
{{- $values := .root.Values }}
{{- range $setting := .workload.settings }}
{{- if has $setting (list "DATABASE_URL" "AMQP_URL") }}
- name: {{ $setting }}
  valueFrom: {secretKeyRef: {name: {{ $values.secrets.prefix }}-{{ $.workload.role }}, key: {{ $setting }}}}
{{- else if hasKey $values.files $setting }}
{{- $file := get (get $values.files $setting) "file" }}
- name: {{ $setting }}
  value: {{ include "lienthong.mount" $setting }}{{ with $file }}/{{ . }}{{ end }}
{{- else if hasKey $values.volumes $setting }}
- name: {{ $setting }}
  value: {{ include "lienthong.volume" $setting }}
{{- else if eq $setting "OIDC_ISSUER" }}
- name: OIDC_ISSUER
  value: {{ printf "%s,%s" $values.settings.OIDC_ISSUER $values.settings.PUBLIC_URL | quote }}
{{- else }}
- name: {{ $setting }}
  value: {{ get $values.settings $setting | quote }}
{{- end }}
{{- end }}
{{- if has "BLOB_URL" .workload.settings }}
{{- range list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ $values.secrets.blobs }}, key: {{ . }}}}
{{- end }}
{{- end }}
{{- with $values.settings.OTEL_EXPORTER_OTLP_ENDPOINT }}
- name: OTEL_EXPORTER_OTLP_ENDPOINT
  value: {{ . | quote }}
{{- end }}
{{- end }}

{{/* Where a workload that runs listens: health and measures, and HTTP if it has it. */}}
{{- define "lienthong.listening" -}}
- {name: OPS_HOST, value: "0.0.0.0"}
- {name: OPS_PORT, value: {{ .root.Values.ports.ops | quote }}}
{{- if .workload.http }}
- {name: HTTP_HOST, value: "0.0.0.0"}
- {name: HTTP_PORT, value: {{ .root.Values.ports.http | quote }}}
{{- end }}
{{- end }}

{{/* The pod of a workload; "runs" is true for one that goes on and false for a step. */}}
{{- define "lienthong.pod" -}}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
{{- range . }}
  - name: {{ . }}
{{- end }}
{{- end }}
containers:
  - name: {{ .name }}
    image: {{ printf "%s:%s" .root.Values.image.repository (default .root.Chart.AppVersion .root.Values.image.tag) | quote }}
    imagePullPolicy: {{ .root.Values.image.pullPolicy }}
    args: [python, -m, {{ .workload.module }}]
    env:
      {{- include "lienthong.settings" . | nindent 6 }}
      {{- if .runs }}
      {{- include "lienthong.listening" . | nindent 6 }}
    ports:
      - {name: ops, containerPort: {{ .root.Values.ports.ops }}}
      {{- if .workload.http }}
      - {name: http, containerPort: {{ .root.Values.ports.http }}}
      {{- end }}
    startupProbe:
      httpGet: {path: /livez, port: ops}
      periodSeconds: 2
      failureThreshold: 60
    livenessProbe:
      httpGet: {path: /livez, port: ops}
      periodSeconds: 10
      timeoutSeconds: 5
    readinessProbe:
      httpGet: {path: /readyz, port: ops}
      periodSeconds: 5
      timeoutSeconds: 5
      {{- end }}
    securityContext:
      allowPrivilegeEscalation: false
      readOnlyRootFilesystem: true
      capabilities: {drop: [ALL]}
    resources:
      {{- default .root.Values.resources .workload.resources | toYaml | nindent 6 }}
    volumeMounts:
      - {name: tmp, mountPath: /tmp}
      {{- range $setting := .workload.settings }}
      {{- if hasKey $.root.Values.files $setting }}
      - {name: {{ $setting | lower | replace "_" "-" }}, mountPath: {{ include "lienthong.mount" $setting }}, readOnly: true}
      {{- end }}
      {{- if hasKey $.root.Values.volumes $setting }}
      - {name: {{ $setting | lower | replace "_" "-" }}, mountPath: {{ include "lienthong.volume" $setting }}, readOnly: {{ not (has $setting (default list $.workload.writes)) }}}
      {{- end }}
      {{- end }}
volumes:
  # Uploads on their way to the blob store lie here.
  - name: tmp
    emptyDir: {sizeLimit: 2Gi}
  {{- range $setting := .workload.settings }}
  {{- with get $.root.Values.files $setting }}
  - name: {{ $setting | lower | replace "_" "-" }}
    {{- if .secret }}
    secret: {secretName: {{ .secret }}, defaultMode: 0440, optional: {{ default false .optional }}}
    {{- else }}
    configMap: {name: {{ .configMap }}}
    {{- end }}
  {{- end }}
  {{- with get $.root.Values.volumes $setting }}
  - name: {{ $setting | lower | replace "_" "-" }}
    persistentVolumeClaim: {claimName: {{ .claim }}}
  {{- end }}
  {{- end }}
{{- end }}
