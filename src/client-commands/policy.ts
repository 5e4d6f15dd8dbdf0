/** Policies: when the vaults they are applied to are backed up, and how long the backups stay. */
import type { Command } from 'commander'
import { type Cbr, had } from '../client/cbr.ts'
import { UsageFailure } from '../client/failures.ts'
import type { Policy, PolicyoODCreate } from '../contract/operations.gen.ts'
import { allPolicies, policyId, vaultId } from './find.ts'
import { clean, detailed, listed, type Shown, said } from './shown.ts'
import { several, timeOfDay, wholeNumber } from './values.ts'
import { noun, verb } from './verb.ts'

interface NewPolicy {
  readonly daily?: readonly [hour: number, minute: number]
  readonly pattern: readonly string[]
  readonly keep?: number
  readonly days?: number
}

export function addPolicyCommands(program: Command): void {
  const policy = noun(program, 'policy', 'when vaults are backed up by themselves, and how long backups stay')
  verb(policy, 'list', 'the policies of the project', async cbr => listed(await allPolicies(cbr), columns))
  verb(policy, 'show <policy>', 'a policy', async (cbr, given: string) => {
    const answer = await cbr.call('ShowPolicy', { path: { policy_id: await policyId(cbr, given) } })
    return shown(had(answer.policy, 'a policy'))
  })
  verb(policy, 'create <name>', 'make a backup policy', createPolicy)
    .option('--daily <hh:mm>', 'every day at this time, UTC', timeOfDay)
    .option(
      '--pattern <rule>',
      'an RFC 2445 rule, as FREQ=WEEKLY;BYDAY=MO;BYHOUR=2;BYMINUTE=0; may be repeated',
      several,
      [],
    )
    .option('--keep <number>', 'so many backups stay', wholeNumber)
    .option('--days <number>', 'they stay so many days', wholeNumber)
  verb(policy, 'delete <policy>', 'delete a policy; the backups stay', async (cbr, given: string) => {
    const path = { policy_id: await policyId(cbr, given) }
    await cbr.call('DeletePolicy', { path })
    return said(`the policy ${path.policy_id} is gone`, path)
  })
  verb(
    policy,
    'attach <policy> <vault>',
    'apply it to a vault, instead of the one before',
    (cbr, given: string, to: string) => change(cbr, 'AssociateVaultPolicy', given, to),
  )
  verb(policy, 'detach <policy> <vault>', 'apply it no more', (cbr, given: string, from: string) =>
    change(cbr, 'DisassociateVaultPolicy', given, from),
  )
}

const columns = {
  id: (policy: Policy) => policy.id,
  name: (policy: Policy) => policy.name,
  type: (policy: Policy) => policy.operation_type,
  enabled: (policy: Policy) => (policy.enabled ? 'yes' : 'no'),
  keeps: ({ operation_definition: rules }: Policy) => kept(rules),
  vaults: (policy: Policy) => policy.associated_vaults?.length ?? 0,
  when: (policy: Policy) => policy.trigger.properties.pattern.join(' '),
}

function kept({ max_backups: most = -1, retention_duration_days: days = -1 }: PolicyoODCreate): string {
  if (most > 0) return `${most} backups`
  return days > 0 ? `${days} days` : 'all'
}

const shown = (policy: Policy): Shown =>
  detailed(policy, {
    id: policy.id,
    name: policy.name,
    type: policy.operation_type,
    enabled: columns.enabled(policy),
    keeps: columns.keeps(policy),
    when: columns.when(policy),
    vaults: (policy.associated_vaults ?? []).map(vault => vault.vault_id).join(', '),
  })

async function createPolicy(cbr: Cbr, name: string, { daily, pattern, keep, days }: NewPolicy): Promise<Shown> {
  const times = daily === undefined ? [] : [`FREQ=DAILY;INTERVAL=1;BYHOUR=${daily[0]};BYMINUTE=${daily[1]}`]
  if (times.length + pattern.length === 0) throw new UsageFailure('say when: --daily HH:MM, or --pattern RULE')
  const rules: PolicyoODCreate = {
    ...(keep !== undefined && { max_backups: keep }),
    ...(days !== undefined && { retention_duration_days: days }),
  }
  const answer = await cbr.call('CreatePolicy', {
    body: {
      policy: {
        name,
        enabled: true,
        operation_type: 'backup',
        operation_definition: rules,
        trigger: { properties: { pattern: [...times, ...pattern] } },
      },
    },
  })
  return shown(had(answer.policy, 'a policy'))
}

async function change(
  cbr: Cbr,
  operation: 'AssociateVaultPolicy' | 'DisassociateVaultPolicy',
  policy: string,
  vault: string,
): Promise<Shown> {
  const body = { policy_id: await policyId(cbr, policy) }
  const path = { vault_id: await vaultId(cbr, vault) }
  await cbr.call(operation, { path, body })
  const words = operation === 'AssociateVaultPolicy' ? 'applied' : 'no longer applied'
  return said(`the policy ${clean(policy)} is ${words} to the vault ${clean(vault)}`, { ...path, ...body })
}
