-- Tables of a site's history. The archive (services/ingest/archive) is their only writer; the API reads.
--
-- For readers:
--   * An observation's name stands in sensor.name, `<station>.<observed_property>`; its key is (sensor_id, time).
--     Ask `where sensor_id = … and time >= … and time < …`: that is the primary key, and the only index.
--   * value is in the property's canonical unit; flag is QARTOD's (1 pass, 2 not evaluated, 3 suspect, 4 fail,
--     9 missing); value may be NaN. time is when it was measured, received_at when we got it.
--   * observation_1h(sensor_id, bucket, n, min, max, avg, last) leaves out flags 4 and 9 and NaN. It is a
--     continuous aggregate with TimescaleDB Community and a view elsewhere. On the view, bound bucket only over
--     short spans of few sensors, or group `observation` yourself by date_bin: a bound on bucket can't use the key.
--   * All tables but observation are small; they carry the archive's own account of what it stored.
--   * A database may lag behind the streams or be away: nothing here is the truth about alerts.

create table sensor (
    id         int generated always as identity primary key,
    name       text not null unique,
    derived    boolean not null default false,      -- computed by the engine, not sent by a gateway
    created_at timestamptz not null default now()
);

create table observation (
    sensor_id   int         not null,               -- sensor.id; no foreign key: it would cost a probe per row
    time        timestamptz not null,
    value       float8      not null,
    flag        int2        not null,
    received_at timestamptz not null,
    primary key (sensor_id, time)
);

create table strike (
    source      text        not null,
    id          text,                                -- the source's own id, where it has one
    time        timestamptz not null,
    lat         float8      not null,
    lon         float8      not null,
    type        text,
    ka          float8,
    err_m       float8,
    received_at timestamptz not null
);
create unique index strike_id on strike (source, id) where id is not null;
create unique index strike_place on strike (source, time, lat, lon) where id is null;
create index strike_time on strike (time);

-- What is stored of each agent's buffer; inclusive on the wire, half-open here as PostgreSQL has it.
create table pack_range (
    gateway    text           not null,
    buf        text           not null,
    ranges     int8multirange not null default '{}',
    lost       int8multirange not null default '{}', -- what the agent said its bounded buffer dropped
    lost_packs int8           not null default 0,    -- how many of those are not in ranges
    first      int8           not null default 1,    -- the lowest seq the agent said it still holds
    updated_at timestamptz    not null,
    primary key (gateway, buf)
);

-- Parts of packs of which other parts are still missing. received_at tells one reception from the next:
-- a pack sent again under another site version may be cut otherwise.
create table pack_part (
    gateway     text        not null,
    buf         text        not null,
    seq         int8        not null,
    received_at timestamptz not null,
    parts       int         not null,
    part        int         not null,
    primary key (gateway, buf, seq, received_at, parts, part)
);

create table gateway_account (
    gateway          text primary key,
    packs            int8 not null default 0,        -- a plain pack cut over partitions counts once per part
    readings         int8 not null default 0,        -- rows stored, strikes included
    duplicates       int8 not null default 0,        -- the same key and value again: no-ops
    conflicts        int8 not null default 0,        -- the same key with another value: the first was kept
    lost_agent       int8 not null default 0,        -- packs the agent's bounded buffer dropped, by its own word
    discarded        int8 not null default 0,        -- packs that fell out of READINGS and are not stored yet
    last_received_at timestamptz,
    status           text check (status in ('online', 'offline')),
    status_at        timestamptz
);

create table site_version (
    version  text        not null,
    time     timestamptz not null,
    previous text,
    primary key (version, time)
);

create table alert_event (
    id          text primary key,                    -- CloudEvents id
    epoch       text        not null,
    sequence    int8        not null,                -- on ALERTS; with epoch it makes the token
    type        text        not null,
    source      text        not null,
    subject     text        not null,                -- alert id
    area        text,
    hazard      text,
    severity    text,
    time        timestamptz not null,
    data        jsonb       not null
);
create index alert_event_sequence on alert_event (epoch, sequence);
create index alert_event_subject on alert_event (subject, sequence);
create index alert_event_time on alert_event (time);

-- Where the archive stands in each stream.
create table position (
    stream     text primary key,
    epoch      text        not null,
    sequence   int8        not null,
    hash       text        not null,                 -- of the message at that sequence; empty at 0
    trail      jsonb       not null default '[]',    -- older [sequence, hash], to go back to when the tail was lost
    updated_at timestamptz not null
);

-- What a stream discarded or lost before it was archived.
create table stream_gap (
    stream     text        not null,
    epoch      text        not null,
    from_seq   int8        not null,
    to_seq     int8        not null,
    reason     text        not null check (reason in ('discarded', 'tail_lost')),
    after      timestamptz,                          -- of the last message before the gap, as far as known
    before     timestamptz,                          -- of the first one behind it
    seen_at    timestamptz not null default now(),
    primary key (stream, epoch, from_seq)
);

create table canary (
    single    boolean primary key default true check (single),
    last_time timestamptz not null
);
