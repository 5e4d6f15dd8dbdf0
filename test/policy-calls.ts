/** The operations of policies as plain calls, for tests of what follows from them. */
import assert from 'node:assert/strict'
import type { Operations, Policy, PolicyCreate, PolicyUpdate, VaultPolicyResp } from '../src/contract/operations.gen.ts'
import { associateVaultPolicy } from '../src/control/policy/associate-vault-policy.ts'
import { createPolicy } from '../src/control/policy/create-policy.ts'
import { deletePolicy } from '../src/control/policy/delete-policy.ts'
import { disassociateVaultPolicy } from '../src/control/policy/disassociate-vault-policy.ts'
import { listPolicies } from '../src/control/policy/list-policies.ts'
import { showPolicy } from '../src/control/policy/show-policy.ts'
import { updatePolicy } from '../src/control/policy/update-policy.ts'
import type { ProjectCaller } from '../src/control/use-case.ts'
import type { Ports } from '../src/ports/ports.ts'
import { alice, identityOf } from './desk.ts'

export const NIGHTLY = 'FREQ=DAILY;INTERVAL=1;BYHOUR=02;BYMINUTE=00'

export interface PolicyCalls {
  /** Keeps seven backups and runs at 02:00 unless told otherwise. */
  create(given?: Partial<PolicyCreate>): Promise<Policy>
  show(id: string): Promise<Policy>
  update(id: string, policy: PolicyUpdate): Promise<Policy>
  remove(id: string): Promise<unknown>
  list(
    query?: Operations['ListPolicies']['query'],
  ): Promise<{ readonly ids: readonly string[]; readonly count: number | undefined }>
  apply(
    vaultId: string,
    policy: string | Operations['AssociateVaultPolicy']['body'],
  ): Promise<VaultPolicyResp | undefined>
  release(vaultId: string, policyId: string): Promise<VaultPolicyResp | undefined>
}

export function policyCalls(
  given: Pick<Ports, 'catalog' | 'settings' | 'replicas' | 'now'> & Partial<Pick<Ports, 'identity'>>,
  caller: ProjectCaller = alice,
): PolicyCalls {
  const ports = { identity: identityOf([]), ...given }
  const project_id = caller.projectId
  const named = (policy_id: string) => ({ path: { project_id, policy_id }, query: {} })
  const inVault = (vault_id: string) => ({ path: { project_id, vault_id }, query: {} })
  return {
    async create(given = {}) {
      const policy: PolicyCreate = {
        name: 'nightly',
        operation_type: 'backup',
        operation_definition: { max_backups: 7 },
        trigger: { properties: { pattern: [NIGHTLY] } },
        ...given,
      }
      return present(await createPolicy(ports, caller, { path: { project_id }, query: {}, body: { policy } }))
    },
    show: async id => present(await showPolicy(ports, caller, { ...named(id), body: undefined })),
    update: async (id, policy) => present(await updatePolicy(ports, caller, { ...named(id), body: { policy } })),
    remove: id => deletePolicy(ports, caller, { ...named(id), body: undefined }),
    async list(query = {}) {
      const { policies = [], count } = await listPolicies(ports, caller, {
        path: { project_id },
        query,
        body: undefined,
      })
      return { ids: policies.map(({ id }) => id), count }
    },
    async apply(vaultId, policy) {
      const body = typeof policy === 'string' ? { policy_id: policy } : policy
      return (await associateVaultPolicy(ports, caller, { ...inVault(vaultId), body })).associate_policy
    },
    async release(vaultId, policyId) {
      const body = { policy_id: policyId }
      return (await disassociateVaultPolicy(ports, caller, { ...inVault(vaultId), body })).dissociate_policy
    },
  }
}

function present({ policy }: { readonly policy?: Policy }): Policy {
  assert.ok(policy)
  return policy
}
