/**
 * Code that makes a call: curl and JavaScript for every operation, the vendor's SDKs for the share calls. `{endpoint}`
 * and `{project_id}` stand where the page fills in its own address and the signed-in project.
 */
import { type OperationId, operations } from '../contract/operations.gen.ts'
import type { Example } from './examples.ts'

export interface CodeSample {
  readonly lang: string
  readonly label: string
  readonly source: string
}

export function samplesOf(id: OperationId, example: Example | undefined): readonly CodeSample[] {
  const { method } = operations[id]
  const path = pathOf(id, example)
  const body = operations[id].body === undefined ? undefined : (example?.request.body ?? {})
  return [
    { lang: 'Shell', label: 'curl', source: curl(method, path, body) },
    { lang: 'JavaScript', label: 'JavaScript', source: javaScript(method, path, body) },
    ...sdkSamples(id, path),
  ]
}

/** The example's path with its own ids, in the caller's project. */
function pathOf(id: OperationId, example: Example | undefined): string {
  const template = operations[id].path.split('/')
  const shown = (example?.request.path ?? '').split('?', 1)[0]?.split('/') ?? []
  const fits = shown.length === template.length
  return template
    .map((part, at) => (part === '{project_id}' || !part.startsWith('{') || !fits ? part : shown[at]))
    .join('/')
}

/** In single quotes for a shell; a quote inside ends them, is escaped, and begins them again. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`

function curl(method: string, path: string, body: unknown): string {
  const lines = [`curl -X ${method} "{endpoint}${path}"`, '  -H "X-Auth-Token: $OS_TOKEN"']
  if (body !== undefined)
    lines.push('  -H "Content-Type: application/json"', `  -d ${quoted(JSON.stringify(body, null, 2))}`)
  return lines.join(' \\\n')
}

function javaScript(method: string, path: string, body: unknown): string {
  const headers =
    body === undefined ? "{ 'X-Auth-Token': token }" : "{ 'X-Auth-Token': token, 'Content-Type': 'application/json' }"
  return [
    `const response = await fetch('{endpoint}${path}', {`,
    `  method: '${method}',`,
    `  headers: ${headers},`,
    ...(body === undefined
      ? []
      : [`  body: JSON.stringify(${JSON.stringify(body, null, 2).replaceAll('\n', '\n  ')}),`]),
    '})',
    `console.log(response.status, await response.text())`,
  ].join('\n')
}

interface SdkCall {
  readonly python: { readonly request: string; readonly body?: string; readonly imports: readonly string[] }
  readonly go: { readonly before?: string; readonly request: string }
}

/** The methods of huaweicloudsdkcbr.v1.CbrClient and of huaweicloud-sdk-go-v3/services/cbr/v1 have the operations' names. */
function sdkCalls(path: string): Readonly<Partial<Record<OperationId, SdkCall>>> {
  const [, , , , backup = '', , member = ''] = path.split('/')
  const project = member || '075e6035d300d48c2fd0c00b78b71ebf'
  return {
    AddMember: {
      python: {
        imports: ['AddMembersReq'],
        request: `backup_id="${backup}"`,
        body: `AddMembersReq(members=["${project}"])`,
      },
      go: {
        before: `members := []string{"${project}"}`,
        request: `BackupId: "${backup}",\n\t\tBody:     &model.AddMembersReq{Members: &members},`,
      },
    },
    ShowMembersDetail: {
      python: { imports: [], request: `backup_id="${backup}"` },
      go: { request: `BackupId: "${backup}",` },
    },
    ShowMemberDetail: {
      python: { imports: [], request: `backup_id="${backup}", member_id="${project}"` },
      go: { request: `BackupId: "${backup}",\n\t\tMemberId: "${project}",` },
    },
    UpdateMemberStatus: {
      python: {
        imports: ['UpdateMember'],
        request: `backup_id="${backup}", member_id="${project}"`,
        body: 'UpdateMember(status="accepted", vault_id="4b27c05b-8ad7-48c6-a886-526666c035f0")',
      },
      go: {
        before: 'vault := "4b27c05b-8ad7-48c6-a886-526666c035f0"',
        request:
          `BackupId: "${backup}",\n\t\tMemberId: "${project}",\n` +
          '\t\tBody: &model.UpdateMember{\n\t\t\tStatus:  model.GetUpdateMemberStatusEnum().ACCEPTED,\n\t\t\tVaultId: &vault,\n\t\t},',
      },
    },
    DeleteMember: {
      python: { imports: [], request: `backup_id="${backup}", member_id="${project}"` },
      go: { request: `BackupId: "${backup}",\n\t\tMemberId: "${project}",` },
    },
  }
}

function sdkSamples(id: OperationId, path: string): readonly CodeSample[] {
  const call = sdkCalls(path)[id]
  if (call === undefined) return []
  return [
    { lang: 'Python', label: 'Python SDK', source: python(id, call.python) },
    { lang: 'Go', label: 'Go SDK', source: go(id, call.go) },
  ]
}

const snake = (id: string): string => id.replaceAll(/(?<!^)([A-Z])/g, '_$1').toLowerCase()

function python(id: OperationId, { imports, request, body }: SdkCall['python']): string {
  return `import os

from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcbr.v1 import ${[`${id}Request`, ...imports, 'CbrClient'].sort().join(', ')}

credentials = BasicCredentials(os.environ["CBR_AK"], os.environ["CBR_SK"], "{project_id}")
client = CbrClient.new_builder().with_credentials(credentials).with_endpoint("{endpoint}").build()
response = client.${snake(id)}(${id}Request(${request}${body === undefined ? '' : `, body=${body}`}))
print(response)`
}

function go(id: OperationId, { before, request }: SdkCall['go']): string {
  return `package main

import (
	"fmt"
	"log"
	"os"

	"github.com/huaweicloud/huaweicloud-sdk-go-v3/core/auth/basic"
	cbr "github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1"
	"github.com/huaweicloud/huaweicloud-sdk-go-v3/services/cbr/v1/model"
)

func main() {
	credentials, err := basic.NewCredentialsBuilder().
		WithAk(os.Getenv("CBR_AK")).WithSk(os.Getenv("CBR_SK")).WithProjectId("{project_id}").SafeBuild()
	if err != nil {
		log.Fatal(err)
	}
	http, err := cbr.CbrClientBuilder().WithEndpoints([]string{"{endpoint}"}).WithCredential(credentials).SafeBuild()
	if err != nil {
		log.Fatal(err)
	}
${before === undefined ? '' : `	${before}\n`}	response, err := cbr.NewCbrClient(http).${id}(&model.${id}Request{
		${request}
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(response)
}`
}
