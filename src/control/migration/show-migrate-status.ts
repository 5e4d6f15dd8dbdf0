import type { UseCase } from '../use-case.ts'

/** Done in every project of the account in which the caller holds a role. */
export const showMigrateStatus: UseCase<'ShowMigrateStatus', 'identity' | 'settings'> = async (ports, caller) => {
  const projects = await ports.identity.projectsOfUser(caller.userId)
  return {
    status: 'success',
    project_status: projects
      .filter(({ domainId }) => domainId === caller.domainId)
      .map(({ id, name }) => ({
        project_id: id,
        project_name: name,
        region_id: ports.settings.region,
        status: 'success',
        progress: 100,
      })),
  }
}
