import type { User } from './contract.ts'
import type { UserRow } from './model.ts'

export function presentUser(row: UserRow): User {
  return { id: row._id, email: row.email, full_name: row.full_name, role: row.role, created_at: row.created_at.toISOString() }
}
