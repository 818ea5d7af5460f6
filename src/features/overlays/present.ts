import type { Alert, AlertPlay, Overlay, OverlayDetail } from './contract.ts'
import type { AlertRow, OverlayRow } from './model.ts'
import { complete } from './variations.ts'

/** @param overlay as it is now: how loud it plays is not the alert's own */
export function presentPlay(row: AlertRow, overlay: Pick<OverlayRow, 'muted' | 'config'>): AlertPlay {
  const { _id, position, kind, amount, currency, name, message, variation_id, template, animation, layout = 'above', image_url, sound, duration_ms, is_test, is_replay } = row
  const volume = overlay.muted ? 0 : overlay.config.volume
  return { alert_id: _id, position, kind, amount, currency, name, message, variation_id, template, animation, layout, media: { image_url, sound, volume }, duration_ms, is_test, is_replay }
}

export function presentAlert(row: AlertRow): Alert {
  const { _id, position, kind, state, amount, currency, name, message, variation_id, is_test, is_replay } = row
  return {
    alert_id: _id,
    position,
    kind,
    state,
    amount,
    currency,
    name,
    message,
    variation_id,
    is_test,
    is_replay,
    tip_id: row.source_id ?? row.replayed_source_id ?? null,
    replay_of: row.replay_of ?? null,
    queued_at: row.queued_at.toISOString(),
    started_at: row.started_at?.toISOString() ?? null,
    finished_at: row.finished_at?.toISOString() ?? null,
  }
}

export function presentOverlay(row: OverlayRow, queued: number): Overlay {
  return {
    overlay_id: row._id,
    name: row.name,
    online: row.players.length > 0,
    paused: row.paused_at !== null,
    muted: row.muted,
    queued,
    last_connected_at: row.last_connected_at?.toISOString() ?? null,
    created_at: row.created_at.toISOString(),
  }
}

export function presentDetail(row: OverlayRow, queued: number): OverlayDetail {
  return { ...presentOverlay(row, queued), version: row.config_version, config: complete(row.config) }
}
