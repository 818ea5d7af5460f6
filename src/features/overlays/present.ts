import type { AlertPlay, Overlay } from './contract.ts'
import type { AlertRow, OverlayRow } from './model.ts'

export function presentAlert(row: AlertRow): AlertPlay {
  const { _id, position, kind, amount, currency, name, message, duration_ms, is_test, is_replay } = row
  return { alert_id: _id, position, kind, amount, currency, name, message, duration_ms, is_test, is_replay }
}

export function presentOverlay(row: OverlayRow, queued: number): Overlay {
  return {
    overlay_id: row._id,
    name: row.name,
    online: row.players.length > 0,
    queued,
    last_connected_at: row.last_connected_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  }
}
