-- Every restore of a backup: what was received after `taken_at` on the machine of then was not in it. Agents send again
-- what they still hold; what they had let go because the archive of then had said `stored` is missing here, and
-- `pack_range` shows it: below `first`, and neither in `ranges` nor in `lost`.
create table restored (
    restored_at timestamptz primary key,
    taken_at    timestamptz not null,                -- of the last message of READINGS in the backup
    epoch       text        not null,                -- of READINGS then
    sequence    int8        not null                 -- its last message in the backup
);
