<?php
/** Says what the front page shows: `static` (two pages of the fixture, whose ids follow) or `posts`. */

[ $rig_mode, $rig_front, $rig_posts ] = $args;
update_option( 'show_on_front', 'static' === $rig_mode ? 'page' : 'posts' );
update_option( 'page_on_front', 'static' === $rig_mode ? (int) $rig_front : 0 );
update_option( 'page_for_posts', 'static' === $rig_mode ? (int) $rig_posts : 0 );
