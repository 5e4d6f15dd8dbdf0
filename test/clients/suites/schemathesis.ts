/**
 * schemathesis against the served OpenAPI document: no answer is a server's fault, and status, content type and body of
 * each are what the document says. Once among objects that exist (deletions left out, or they would soon not), once for
 * ids as they come. What it makes up is random, so that it is no client of the table in docs/clients.md.
 */
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { attempt } from '../programs.ts'
import { tokenOf } from '../sign-in.ts'
import { alice, inventory, type Stage, setStage } from '../stage.ts'
import { pythonBinary } from '../tools.ts'
import { until } from '../until.ts'
import { openVendorSdk } from '../vendor-sdk.ts'

const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'missing_required_header',
  'ignored_auth',
]

const SEED = '1'

test('among objects that exist', async () => {
  await using stage = await setStage()
  const objects = await makeObjects(stage)
  await conforms(stage, objects, ['--phases', 'examples,coverage', '--exclude-method', 'DELETE'])
})

test('for any ids', async () => {
  await using stage = await setStage()
  await conforms(stage, {}, ['--phases', 'examples,coverage,fuzzing', '--max-examples', '5'])
})

/** The parameters of paths that stand for the same object everywhere. */
type Parameters = Readonly<Record<string, string>>

async function makeObjects(stage: Stage): Promise<Parameters> {
  await using sdk = await openVendorSdk(stage, alice)
  const billing = { object_type: 'server', protect_type: 'backup', size: 100, consistent_level: 'crash_consistent' }
  const resources = [{ id: inventory.server, type: 'OS::Nova::Server' }]
  const { vault } = await sdk.call('CreateVault', { body: { vault: { name: 'servers', billing, resources } } })
  const { checkpoint } = await sdk.call('CreateCheckpoint', { body: { checkpoint: { vault_id: vault.id } } })
  const { backups } = await until(
    () => sdk.call('ListBackups', { checkpoint_id: checkpoint.id, status: 'available' }),
    answer => answer.count === 1,
  )
  const { operation_logs: logs } = await sdk.call('ListOpLogs')
  const definition = { max_backups: 5, timezone: 'UTC+00:00' }
  const trigger = { properties: { pattern: ['FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=30'] } }
  const wanted = { name: 'daily', operation_type: 'backup', operation_definition: definition, trigger }
  const { policy } = await sdk.call('CreatePolicy', { body: { policy: wanted } })
  return {
    vault_id: vault.id,
    checkpoint_id: checkpoint.id,
    backup_id: backups[0].id,
    operation_log_id: logs[0].id,
    policy_id: policy.id,
    protectable_type: 'server',
    instance_id: inventory.server,
  }
}

async function conforms(stage: Stage, parameters: Parameters, words: readonly string[]): Promise<void> {
  const fixed = Object.entries({ project_id: alice.projectId, ...parameters })
  const lines = fixed.map(([name, value]) => `"path.${name}" = "${value}"`)
  await writeFile(join(stage.folder, 'schemathesis.toml'), ['[parameters]', ...lines, ''].join('\n'))
  const { code, out, err } = await attempt(pythonBinary('schemathesis', 'schemathesis'), {
    words: [
      ...['run', `${stage.url}/openapi.json`, '-H', `X-Auth-Token: ${await tokenOf(stage, alice)}`],
      ...['--checks', CHECKS.join(), '--seed', SEED, '--warnings', 'off', ...words],
    ],
    cwd: stage.folder,
  })
  assert.equal(code, 0, `${out}\n${err}`)
  const [, cases = '0'] = /(\d+) generated/.exec(out) ?? []
  assert.ok(Number(cases) > 1000, `only ${cases} cases\n${out}`)
}
