import type { AdminUser, SignInSession, User, UserStatus } from './contract.ts'
import type { SessionRow, UserRow } from './model.ts'

export function presentUser(row: UserRow): User {
  return {
    id: row._id,
    email: row.email,
    full_name: row.full_name,
    role: row.role,
    email_verified: row.email_verified_at !== undefined,
    deletion_due_at: row.deletion_due_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  }
}

export function presentAdminUser(row: UserRow): AdminUser {
  return { ...presentUser(row), status: statusOf(row), suspended_reason: row.suspended_reason ?? null }
}

export function presentSession(row: SessionRow, currentId: string): SignInSession {
  return {
    session_id: row._id,
    device: row.device,
    address: row.address,
    created_at: row.created_at.toISOString(),
    last_used_at: row.rotated_at.toISOString(),
    current: row._id === currentId,
  }
}

function statusOf(row: UserRow): UserStatus {
  return row.erased_at ? 'erased' : row.suspended_at ? 'suspended' : 'active'
}
