-- Who put somebody on the blacklist and who took them off; null: an operator at the command line, or before this was kept.
ALTER TABLE blacklist
    ADD COLUMN added_by   uuid REFERENCES users,
    ADD COLUMN removed_by uuid REFERENCES users;
