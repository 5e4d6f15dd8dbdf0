/** gophertelekomcloud's own acceptance tests for CBR, compiled from its module and run as they are. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attempt } from '../programs.ts'
import { alice, DOMAIN, REGION, setStage } from '../stage.ts'
import { goTests } from '../tools.ts'

const TESTS = [
  'TestBackupLifecycle',
  'TestBackupListing',
  'TestPolicyLifecycle',
  'TestTags',
  'TestTaskListAll',
  'TestVaultLifecycle',
  'TestVaultPolicy',
  'TestVaultResources',
]

test('gophertelekomcloud: its acceptance tests of vaults, policies, backups, tags and tasks', async () => {
  await using stage = await setStage('go-sdk')
  const { out, err, code } = await attempt(goTests, {
    words: ['-test.v', '-test.timeout', '5m'],
    environment: {
      OS_AUTH_URL: `${stage.url}/identity/v3`,
      OS_USERNAME: alice.user,
      OS_PASSWORD: alice.password,
      OS_USER_DOMAIN_NAME: DOMAIN,
      OS_DOMAIN_NAME: DOMAIN,
      OS_PROJECT_NAME: alice.project,
      OS_REGION_NAME: REGION,
      RUN_CBR: 'yes',
    },
    cwd: stage.folder,
  })
  const passed = [...out.matchAll(/^--- PASS: (\w+)/gm)].map(([, name]) => name)
  assert.equal(code, 0, `${out}\n${err}\n${stage.said()}`)
  assert.deepEqual(passed.sort(), TESTS, out)
})
