/** What helps after a refusal, by its code. Codes whose text says it all are not here. */
const steps: Readonly<Record<string, string>> = {
  'OpenCBR.0401': 'sign in again: opencbr login',
  'OpenCBR.0403': 'ask who administers the project for the role, or change the project: opencbr project use',
  'OpenCBR.0503': 'try again in a moment',
  'OpenCBR.0507': 'tell the operator that the store is full',
  'BackupService.0001': 'put something into the vault: opencbr vault add-resource',
  'BackupService.1001': 'follow the running task: opencbr task list --watch',
  'BackupService.2003': 'a shared backup becomes an image: opencbr image create; or a file: opencbr backup export',
  'BackupService.2005': 'accept the share first: opencbr share accept; or wait until the backup is available',
  'BackupService.6105': 'see which there are: opencbr vault list',
  'BackupService.6114': 'make room: opencbr backup delete; or take a larger vault',
  'BackupService.6129': 'make room: opencbr backup delete; or take a larger vault',
  'BackupService.6125': 'follow the running task: opencbr task list --watch',
  'BackupService.6200': 'see which there are: opencbr backup list; shared ones: opencbr share list',
  'BackupService.6204': 'see the images: opencbr image list',
  'BackupService.6216': 'see what uses it: opencbr export list, opencbr task list',
  'BackupService.6302':
    'see which there are: opencbr server list, opencbr disk list, opencbr export list, opencbr webhook list',
  'BackupService.6701': 'take one away: opencbr share remove',
  'BackupService.6703': 'see with whom it is shared: opencbr share list BACKUP',
  'BackupService.6704': 'a project is named by its id, its name in your domain, or DOMAIN/NAME',
  'BackupService.6710': 'its owner deletes the image: opencbr image delete',
  'BackupService.6713': 'a vault takes what it is for: see TYPE in opencbr vault list',
  'BackupService.9910': 'give the request id to the operator, whose log has the reason',
}

export const nextStep = (code: string): string | undefined => steps[code]
