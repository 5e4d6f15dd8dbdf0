# What a recipient keeps in OpenTofu of a backup that was shared with him: a volume of each of its disks, the whole image
# that he registered of it, and a volume to boot from. Who he is stands in OS_AUTH_URL, OS_USERNAME and so on.

terraform {
  required_providers {
    openstack = { source = "terraform-provider-openstack/openstack" }
    http      = { source = "hashicorp/http" }
  }
}

variable "label" {
  type    = string
  default = "drill"
}

data "openstack_identity_auth_scope_v3" "me" {
  name         = "me"
  set_token_id = true
}

data "openstack_identity_project_v3" "mine" {
  project_id = data.openstack_identity_auth_scope_v3.me.project_id
}

data "openstack_blockstorage_availability_zones_v3" "zones" {}

data "openstack_images_image_v2" "whole" {
  name        = "received"
  most_recent = true
}

locals {
  cbr = one([
    for endpoint in flatten([
      for service in data.openstack_identity_auth_scope_v3.me.service_catalog : service.endpoints if service.type == "cbr"
    ]) : endpoint.url if endpoint.interface == "public"
  ])
  credential = { X-Auth-Token = data.openstack_identity_auth_scope_v3.me.token_id }
  backup     = one(jsondecode(data.http.cbr["backups"].body).backups)
  disks      = { for disk in local.backup.children : disk.resource_name => disk }
}

# The http provider only reads.
data "http" "cbr" {
  for_each = {
    backups      = "backups?own_type=shared&status=available&resource_type=OS::Nova::Server"
    vaults       = "vaults?name=received"
    policies     = "policies"
    tasks        = "operation-logs?limit=10"
    protectables = "protectables/disk/instances?name=nothing%20of%20this%20name"
    usage        = "storage_usage"
    features     = "cbr-features"
  }
  url             = "${local.cbr}/${each.value}"
  request_headers = local.credential
}

data "http" "backup" {
  url             = "${local.cbr}/backups/${local.backup.id}"
  request_headers = local.credential
}

data "http" "vault" {
  url             = "${local.cbr}/vaults/${one(jsondecode(data.http.cbr["vaults"].body).vaults).id}"
  request_headers = local.credential
}

resource "openstack_blockstorage_volume_v3" "disk" {
  for_each          = local.disks
  name              = "${var.label} ${each.key}"
  description       = "of backup ${local.backup.id}"
  size              = max(1, each.value.resource_size)
  backup_id         = each.value.id
  availability_zone = one(data.openstack_blockstorage_availability_zones_v3.zones.names)
  metadata          = { purpose = var.label }
}

resource "openstack_images_image_v2" "whole" {
  name             = "received"
  container_format = "bare"
  disk_format      = "raw"
  min_disk_gb      = data.openstack_images_image_v2.whole.min_disk_gb # said by its backup
  tags             = [var.label]
}

resource "openstack_blockstorage_volume_v3" "boot" {
  name     = "${var.label} boot"
  size     = max(1, data.openstack_images_image_v2.whole.min_disk_gb)
  image_id = openstack_images_image_v2.whole.id
}

output "disks" {
  value = { for name, volume in openstack_blockstorage_volume_v3.disk : name => volume.id }
}

output "boot" {
  value = openstack_blockstorage_volume_v3.boot.id
}

output "vault" {
  value = jsondecode(data.http.vault.body).vault.name
}

output "project" {
  value = data.openstack_identity_project_v3.mine.name
}

output "vault_of_backup" {
  value = jsondecode(data.http.backup.body).backup.vault_id == jsondecode(data.http.vault.body).vault.id
}
