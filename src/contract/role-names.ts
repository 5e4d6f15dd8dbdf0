/** Names of roles that the service knows by itself (roles.md 2 and 4); custom policies may not take them. */
export const roleNames = [
  'CBR FullAccess',
  'CBR BackupsAndVaultsFullAccess',
  'CBR ReadOnlyAccess',
  // The same three in a plain Keystone, which likes names without spaces.
  'cbr_admin',
  'cbr_user',
  'cbr_reader',
  // Keystone's own; `member` implies nothing here that it does not hold.
  'admin',
  'member',
  'reader',
  // May ask what another's token stands for, and holds no CBR action.
  'service',
] as const

export type RoleName = (typeof roleNames)[number]
