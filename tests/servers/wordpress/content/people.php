<?php
/** The authors, all made up, and the application password of the administrator. */

$rig_people = array(
	'editor_ines' => array( 'ines', 'Inés Ejemplo', 'editor', 'Edits. Likes <em>short</em> sentences & tea.' ),
	'author_olga' => array( 'olga', 'Ольга Пример', 'author', 'Пишет о море.' ),
	'author_rami' => array( 'rami', 'رامي مثال', 'author', '' ),
	'author_idle' => array( 'idle', 'Never Wrote <b>Anything</b>', 'author', 'Has no posts.' ),
	'subscriber'  => array( 'reader', 'A Reader', 'subscriber', '' ),
);
foreach ( $rig_people as $rig_key => [ $rig_login, $rig_name, $rig_role, $rig_about ] ) {
	$rig_user = rig_check(
		wp_insert_user(
			array(
				'user_login'      => $rig_login,
				'user_pass'       => "password of $rig_login",
				'user_email'      => "$rig_login@example.org",
				'user_url'        => 'https://example.org/' . $rig_login,
				'display_name'    => $rig_name,
				'description'     => $rig_about,
				'role'            => $rig_role,
				'user_registered' => '2019-01-01 00:00:00',
			)
		)
	);
	rig_recorded(
		$rig_key,
		array(
			'id'    => $rig_user,
			'type'  => 'user',
			'slug'  => get_userdata( $rig_user )->user_nicename,
			'link'  => get_author_posts_url( $rig_user ),
			'title' => get_userdata( $rig_user )->display_name,
		)
	);
}

[ $rig_password ] = rig_check( WP_Application_Passwords::create_new_application_password( 1, array( 'name' => 'Test rig' ) ) );
rig_recorded(
	'admin',
	array(
		'id'                   => 1,
		'type'                 => 'user',
		'slug'                 => 'admin',
		'link'                 => get_author_posts_url( 1 ),
		'title'                => get_userdata( 1 )->display_name,
		'application_password' => $rig_password,
	)
);
