/** Projects that are made after a policy of their account get it too, at start and once in a while. */
import { lacking, rollOut } from '../control/organization-policy/roll-out.ts'
import type { OrganizationPolicyRecord } from '../ports/catalog/organization-policy.ts'
import type { Ports } from '../ports/ports.ts'
import { oneAtATime } from './one-at-a-time.ts'

export type RollOutPorts = Pick<Ports, 'catalog' | 'identity' | 'log'>

export interface RollOuts {
  /** Resolves when every project has what is there at this moment. */
  look(): Promise<void>
  /** Resolves when nothing is under way any more. */
  stop(): Promise<void>
}

const LOOK_EVERY_MS = 60_000

/** Any number of processes may do this over one catalog: who comes second finds nothing to do. */
export function startRollOuts(ports: RollOutPorts, lookEvery = LOOK_EVERY_MS): RollOuts {
  const looks = oneAtATime(() => rollOutAll(ports))
  const timer = setInterval(looks.ask, lookEvery)
  looks.ask()
  return {
    async look() {
      looks.ask()
      await looks.rest()
    },
    async stop() {
      clearInterval(timer)
      await looks.rest()
    },
  }
}

async function rollOutAll(ports: RollOutPorts): Promise<void> {
  try {
    const policies = await ports.catalog.read(({ organizationPolicies }) => organizationPolicies.all())
    for (const [domainId, own] of Map.groupBy(policies, policy => policy.domainId)) {
      await rollOutIn(ports, domainId, own)
    }
  } catch (error) {
    ports.log.error({ err: error }, 'policies of an account could not be rolled out; trying again later')
  }
}

async function rollOutIn(
  { catalog, identity }: RollOutPorts,
  domainId: string,
  policies: readonly OrganizationPolicyRecord[],
): Promise<void> {
  const projectIds = ((await identity.projectsOfDomain({ id: domainId })) ?? []).map(({ id }) => id)
  const rolledOut = await catalog.read(records => records.policies.rolledOut(policies.map(({ id }) => id)))
  for (const policy of policies.filter(one => lacking(one, rolledOut, projectIds).length > 0)) {
    await catalog.change(async records => {
      const held = await records.organizationPolicies.lock(domainId, policy.id)
      if (held) await rollOut(records, held, projectIds)
    })
  }
}
